using HipaaFs.Testing.Mounts;

namespace HipaaFs.FaultFs.Tests.Mounts;

/// <summary>A volume whose store, on a fault disk, takes half of what is written and no more, however fast either is.</summary>
internal sealed class OverloadedStore : IAsyncDisposable
{
    private const int Share = 2;

    private readonly string _work;
    private long _granted;

    private OverloadedStore(string work, FaultMount disk, MountedVolume volume)
    {
        _work = work;
        Disk = disk;
        Volume = volume;
    }

    public FaultMount Disk { get; }

    public MountedVolume Volume { get; }

    public string Url => $"file://{Disk.Directory}/store";

    /// <summary>Makes and mounts the volume, its store taking everything for now.</summary>
    public static async Task<OverloadedStore> CreateAsync(string configuration)
    {
        string work = Directory.CreateTempSubdirectory("hipaafs-overload-").FullName;
        string directory = Path.Combine(work, "disk");
        Directory.CreateDirectory(directory);
        FaultMount disk = await FaultMount.StartAsync(directory, Path.Combine(work, "control"));
        MountedVolume volume = await MountedVolume.CreateAsync(
            new MountedVolumeOptions { Store = $"file://{directory}/store", Configuration = configuration });
        return new OverloadedStore(work, disk, volume);
    }

    /// <summary>From here on the store takes what <see cref="GrantAsync"/> grants.</summary>
    public Task BeginAsync() => Disk.SendAsync("pace store/*");

    /// <summary>Lets the store take its share of what has been written by now.</summary>
    /// <param name="written">Bytes that the writer has written and synced since <see cref="BeginAsync"/>.</param>
    public async Task GrantAsync(long written)
    {
        long more = (written / Share) - _granted;
        if (more > 0)
        {
            _granted += more;
            await Disk.SendAsync($"allow {more}");
        }
    }

    /// <summary>Kills the daemon. What it was in the middle of writing to the store the disk still takes, as a server would: the process cannot end before that.</summary>
    public async Task BurnAsync()
    {
        Task killed = Volume.KillAsync();
        await Disk.SendAsync("unpace");
        await killed;
        await Volume.DetachAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Disk.SendAsync("unpace");
        await Volume.DisposeAsync();
        await Disk.DisposeAsync();
        await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", _work);
    }
}
