namespace HipaaFs.Core.Tests;

/// <summary>Runs something at every report, at once and on the thread that makes it.</summary>
internal sealed class ProgressHook<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
