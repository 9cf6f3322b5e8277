using HipaaFs.Testing.Mounts;

namespace HipaaFs.Mount.Tests;

/// <summary>One mount for all tests of a class, made when the first of them asks; each works in a directory of its own.</summary>
public sealed class SharedMount : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private MountedVolume? _volume;
    private int _directories;

    /// <summary>The mounted volume. Skips the calling test where nothing can be mounted.</summary>
    public async Task<MountedVolume> GetAsync()
    {
        await _gate.WaitAsync();
        try
        {
            // Root's mounts serve the tests that act as other users too; others would need /etc/fuse.conf for that.
            string options = MountPrerequisites.IsRoot ? "allow_other" : string.Empty;
            _volume ??= await MountedVolume.CreateAsync(new MountedVolumeOptions { MountOptions = options });
            return _volume;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A new, empty directory on the mount.</summary>
    public async Task<string> NewDirectoryAsync()
    {
        MountedVolume volume = await GetAsync();
        string name = $"case-{Interlocked.Increment(ref _directories)}";
        await volume.ShellAsync($"mkdir -m 0777 {name}");
        return Path.Combine(volume.Root, name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_volume is not null)
        {
            await _volume.DisposeAsync();
        }

        _gate.Dispose();
    }
}
