namespace HipaaFs.Metadata.Sqlite;

/// <summary>The answers to the last operations, for those who ask again.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class RememberedAnswers
{
    private const int Capacity = 4096;

    private readonly Dictionary<OperationId, object> _answers = new(Capacity);
    private readonly OperationId[] _order = new OperationId[Capacity];
    private int _next;

    public object? Find(OperationId operation) =>
        operation == OperationId.None ? null : _answers.GetValueOrDefault(operation);

    public void Add<T>(OperationId operation, Applied<T> answer)
    {
        if (operation == OperationId.None)
        {
            return;
        }

        // The default value in a slot not used yet is never a key.
        _answers.Remove(_order[_next]);
        _order[_next] = operation;
        _next = (_next + 1) % Capacity;
        _answers[operation] = answer;
    }
}
