using System.Globalization;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Mounts;

/// <summary>A volume, store included, on a fault disk; the work that is done to it, and the check of what a crash left.</summary>
internal sealed class FaultyVolume : IAsyncDisposable
{
    private static readonly string Scripts = Path.Combine(AppContext.BaseDirectory, "Scripts");

    private readonly string _work;
    private readonly int _seed;

    private FaultyVolume(string work, int seed, MountedVolume volume, FaultMount disk)
    {
        _work = work;
        _seed = seed;
        Volume = volume;
        Disk = disk;
    }

    public MountedVolume Volume { get; }

    public FaultMount Disk { get; }

    /// <summary>Everything that the work said: its errors, and how it ended.</summary>
    public string LastWords { get; private set; } = string.Empty;

    private string Journal => Path.Combine(_work, "journal");

    /// <summary>Makes a volume whose disk can fail. It is not mounted yet.</summary>
    /// <param name="seed">Of the work; 0 is the script.</param>
    public static async Task<FaultyVolume> CreateAsync(int seed)
    {
        MountPrerequisites.RequireFuse();
        MountPrerequisites.RequirePrograms("python3", "find");
        string work = Directory.CreateTempSubdirectory("hipaafs-fault-").FullName;
        string disk = Path.Combine(work, "disk");
        Directory.CreateDirectory(disk);
        MountedVolume volume = await MountedVolume.CreateAsync(
            new MountedVolumeOptions { VolumeParent = disk, SeparateStore = false, Mount = false });
        return new FaultyVolume(work, seed, volume, await FaultMount.StartAsync(disk, Path.Combine(work, "control")));
    }

    /// <summary>Does the steps up to the next barrier or the error that ends them. Returns the last word: done, barrier, or failed.</summary>
    public async Task<string> WorkAsync()
    {
        ProcessOutcome outcome = await Shell.PythonFileAsync(
            Path.Combine(Scripts, "fault_work.py"),
            "/",
            null,
            Volume.Root,
            DriverExecutable.Locate(),
            Journal,
            _seed.ToString(CultureInfo.InvariantCulture),
            Disk.Control);
        LastWords = outcome.EnsureSucceeded().Text.Trim();
        return LastWords.Split('\n')[^1];
    }

    /// <summary>What was done, in the words of the disk. Complete after <see cref="EndAsync"/>.</summary>
    public string[] Operations => File.ReadAllLines(Path.Combine(_work, "operations"));

    /// <summary>Notes that the barrier the work stopped at is passed: everything before is promised.</summary>
    public async Task PassBarrierAsync()
    {
        string number = (await File.ReadAllLinesAsync(Journal))[^1].Split(' ')[1];
        await File.AppendAllTextAsync(Journal, $"end {number} {await Disk.CountAsync()}\n");
    }

    /// <summary>Kills the daemon and takes the disk away. From here on <see cref="CheckAfterCutAsync"/> can be called.</summary>
    public async Task<int> EndAsync()
    {
        await Volume.KillAsync();
        await Volume.DetachAsync();
        int operations = await Disk.CountAsync();
        await Disk.SendAsync("log " + Path.Combine(_work, "operations"));
        await Disk.UnmountAsync();
        return operations;
    }

    /// <summary>Mounts what a crash left, checks the contract, and the volume.</summary>
    /// <param name="operations">How many operations the disk had taken.</param>
    /// <param name="how">What of the unsynced was kept, as the disk's command says it.</param>
    public async Task CheckAfterCutAsync(int operations, string how)
    {
        await Disk.CutAsync(operations, how);
        string last = operations > 0 ? $"the last was {Operations[operations - 1]}" : "the disk is as it was at first";
        string where = $"seed {_seed}, power cut after {operations} operations, {how}, {last}\n{LastWords}";
        try
        {
            await Volume.MountAsync();
            ProcessOutcome outcome = await Shell.PythonFileAsync(
                Path.Combine(Scripts, "fault_check.py"),
                "/",
                null,
                Volume.Root,
                Journal,
                _seed.ToString(CultureInfo.InvariantCulture),
                operations.ToString(CultureInfo.InvariantCulture));
            Assert.True(outcome.Succeeded, outcome.Describe());
            Assert.Equal(0, await Volume.TerminateAsync());
            ProcessOutcome check = await Volume.RunAsync("fsck", Volume.Volume);
            Assert.True(check.Succeeded, check.Describe());
        }
        catch (Xunit.Sdk.XunitException exception)
        {
            Assert.Fail($"{where}\n{exception.Message}\n{Volume.LogTail}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Volume.DisposeAsync();
        await Disk.DisposeAsync();
        if (Environment.GetEnvironmentVariable("HIPAAFS_TEST_KEEP") != "1")
        {
            await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", _work);
        }
    }
}
