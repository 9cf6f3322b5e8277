namespace HipaaFs.Testing.Storage;

/// <summary>An empty directory of one test, removed with everything in it.</summary>
public sealed class ScratchDirectory : IDisposable
{
    /// <summary>Creates it, below the system's directory for temporary files unless another parent is given.</summary>
    public ScratchDirectory(string? parent = null)
    {
        FullPath = Path.Combine(parent ?? Path.GetTempPath(), "hipaafs-test-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(FullPath);
    }

    /// <summary>Its absolute path.</summary>
    public string FullPath { get; }

    /// <summary>The path of a name in it.</summary>
    public string this[string name] => Path.Combine(FullPath, name);

    public void Dispose()
    {
        if (Directory.Exists(FullPath))
        {
            Directory.Delete(FullPath, recursive: true);
        }
    }
}
