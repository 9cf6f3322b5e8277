using HipaaFs.Testing.Mounts;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>A directory of the local filesystem, the one that the others keep their files on.</summary>
internal sealed class LocalTarget : IBenchmarkTarget
{
    /// <summary>Makes it below a directory.</summary>
    public LocalTarget(string parent)
    {
        Root = Directory.CreateDirectory(Path.Combine(parent, "local")).FullName;
    }

    /// <inheritdoc/>
    public string Name => "local";

    /// <inheritdoc/>
    public string Root { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Shell.RunAsync("rm -rf -- \"$PWD\"", Root);
    }
}
