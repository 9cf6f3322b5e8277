using HipaaFs.Testing.Mounts;

namespace HipaaFs.Mount.Tests;

/// <summary>A temporary directory on the local disk: the reference that a mount is compared with.</summary>
public sealed class LocalDirectory : IAsyncDisposable
{
    /// <summary>Makes it.</summary>
    public LocalDirectory()
    {
        Path = Directory.CreateTempSubdirectory("hipaafs-local-").FullName;
    }

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>Makes a directory below it that everybody may enter.</summary>
    public async Task<string> NewDirectoryAsync(string name)
    {
        await Shell.CheckAsync($"chmod 0755 . && mkdir -m 0777 -- '{name}'", Path);
        return System.IO.Path.Combine(Path, name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", Path);
    }
}
