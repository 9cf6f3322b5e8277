namespace HipaaFs.Testing.Model;

/// <summary>A target did what the model does not allow.</summary>
public sealed class ModelDivergenceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What of its run had been done, the operation that failed last; without what meant nothing. Null when that is not known.</summary>
    public IReadOnlyList<ModelCommand>? Done { get; init; }
}
