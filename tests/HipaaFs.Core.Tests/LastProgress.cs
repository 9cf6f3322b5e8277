using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests;

/// <summary>Keeps the last report of an upload, at once and on the thread that makes it.</summary>
internal sealed class LastProgress : IProgress<DrainProgress>
{
    private volatile string? _error;

    /// <summary>Why nothing was uploaded at the last report.</summary>
    public string? Error => _error;

    /// <inheritdoc/>
    public void Report(DrainProgress value) => _error = value.Error;
}
