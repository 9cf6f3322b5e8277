using HipaaFs.Testing.Mounts;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>A gocryptfs mount with its default settings, files on the local filesystem.</summary>
internal sealed class GocryptfsTarget : IBenchmarkTarget
{
    private readonly string _work;

    private GocryptfsTarget(string work)
    {
        _work = work;
        Root = Path.Combine(work, "mnt");
    }

    /// <inheritdoc/>
    public string Name => "gocryptfs";

    /// <inheritdoc/>
    public string Root { get; }

    /// <summary>Makes and mounts one below a directory.</summary>
    public static async Task<GocryptfsTarget> MountAsync(string parent)
    {
        string work = Directory.CreateDirectory(Path.Combine(parent, "gocryptfs")).FullName;
        await Shell.CheckAsync(
            """
            mkdir cipher mnt
            echo benchmark > passphrase
            gocryptfs -q -init -passfile passphrase cipher > /dev/null
            gocryptfs -q -passfile passphrase cipher mnt > /dev/null 2> log
            """,
            work);
        return new GocryptfsTarget(work);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Shell.RunAsync("umount mnt || fusermount3 -u mnt || umount -l mnt; rm -rf --one-file-system -- \"$PWD\"", _work);
    }
}
