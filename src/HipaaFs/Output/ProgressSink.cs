namespace HipaaFs.Cli.Output;

/// <summary>Passes reports on at once and in order, which <see cref="Progress{T}"/> does not promise.</summary>
internal sealed class ProgressSink<T> : IProgress<T>
{
    private readonly Action<T> _report;

    /// <summary>Creates the sink of an action, which may be called from any thread.</summary>
    public ProgressSink(Action<T> report) => _report = report;

    /// <inheritdoc/>
    public void Report(T value) => _report(value);
}
