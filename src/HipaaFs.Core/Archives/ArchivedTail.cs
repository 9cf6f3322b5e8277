namespace HipaaFs.Archives;

/// <summary>The part of an open file that was out of reach when it was opened, and what becomes of who wants it.</summary>
/// <param name="Start">Its first byte; <see cref="long.MaxValue"/> when there is none.</param>
/// <param name="Behaviour">What is done about it.</param>
internal sealed record ArchivedTail(long Start, OpenBehaviour Behaviour)
{
    /// <summary>Everything is within reach.</summary>
    internal static ArchivedTail None { get; } = new(long.MaxValue, OpenBehaviour.Fail);
}
