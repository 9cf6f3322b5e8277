using System.Globalization;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Mounts;

/// <summary>A volume, store included, on a fault disk; the work that is done to it, and the check of what a crash left.</summary>
internal sealed class FaultyVolume : IAsyncDisposable
{
    /// <summary>The seed that stands for the work that is done while the disk fails.</summary>
    public const int Failing = -1;

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

    public FaultMount Disk { get; private set; }

    /// <summary>Everything that the work said: its errors, and how it ended.</summary>
    public string LastWords { get; private set; } = string.Empty;

    private string Journal => Path.Combine(_work, "journal");

    private string Plain => Path.Combine(_work, "disk");

    private string Pristine => Path.Combine(_work, "pristine");

    private string StoreThen => Path.Combine(_work, "store-then");

    /// <summary>Makes a volume whose disk can fail. It is not mounted yet.</summary>
    /// <param name="seed">Of the work; 0 is the script.</param>
    /// <param name="configuration">Lines of volume.yaml.</param>
    public static async Task<FaultyVolume> CreateAsync(int seed, string configuration = "")
    {
        MountPrerequisites.RequireFuse();
        MountPrerequisites.RequirePrograms("python3", "find");
        string work = Directory.CreateTempSubdirectory("hipaafs-fault-").FullName;
        string disk = Path.Combine(work, "disk");
        Directory.CreateDirectory(disk);
        MountedVolume volume = await MountedVolume.CreateAsync(
            new MountedVolumeOptions { VolumeParent = disk, SeparateStore = false, Mount = false, Configuration = configuration });
        await Shell.CheckAsync("cp -a --sparse=always disk pristine", work);
        return new FaultyVolume(work, seed, volume, await FaultMount.StartAsync(disk, Path.Combine(work, "control")));
    }

    /// <summary>Begins anew, with volume and disk as they were at first. Nothing may be mounted.</summary>
    public async Task RestartAsync()
    {
        await Disk.DisposeAsync();
        await Shell.CheckAsync("rm -rf disk journal operations store-then && cp -a --sparse=always pristine disk", _work);
        Disk = await FaultMount.StartAsync(Plain, Path.Combine(_work, "control"));
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
            Text(_seed),
            Disk.Control);
        LastWords = outcome.EnsureSucceeded().Text.Trim();
        return LastWords.Split('\n')[^1];
    }

    /// <summary>What was done, in the words of the disk. Complete after <see cref="EndAsync"/>.</summary>
    public string[] Operations => File.ReadAllLines(Path.Combine(_work, "operations"));

    /// <summary>Notes that the barrier the work stopped at is passed: everything before is promised. Returns its number.</summary>
    public async Task<int> PassBarrierAsync()
    {
        string number = (await File.ReadAllLinesAsync(Journal))[^1].Split(' ')[1];
        await File.AppendAllTextAsync(Journal, $"end {number} {await Disk.CountAsync()}\n");
        return int.Parse(number, CultureInfo.InvariantCulture);
    }

    /// <summary>Kills the daemon and takes the disk away. From here on <see cref="CheckAfterCutAsync"/> can be called.</summary>
    public async Task<int> EndAsync()
    {
        await AbandonAsync();
        int operations = await Disk.CountAsync();
        await Disk.SendAsync("log " + Path.Combine(_work, "operations"));
        await Disk.UnmountAsync();
        return operations;
    }

    /// <summary>Kills the daemon, if there is one, so that <see cref="RestartAsync"/> can be called.</summary>
    public async Task AbandonAsync()
    {
        await Volume.KillAsync();
        await Volume.DetachAsync();
    }

    /// <summary>Mounts what a crash left, checks the contract, and the volume.</summary>
    /// <param name="operations">How many operations the disk had taken.</param>
    /// <param name="how">What of the unsynced was kept, as the disk's command says it.</param>
    public async Task CheckAfterCutAsync(int operations, string how)
    {
        await Disk.CutAsync(operations, how);
        string last = operations > 0 ? $"the last was {Operations[operations - 1]}" : "the disk is as it was at first";
        string where = $"seed {_seed}, power cut after {operations} operations, {how}, {last}\n{LastWords}";
        await Shell.CheckAsync("rm -rf store-then; if [[ -d disk/volume/store ]]; then cp -a disk/volume/store store-then; fi", _work);
        await CheckAsync(operations, null, where);
    }

    /// <summary>Makes a volume of what the store held when <see cref="CheckAfterCutAsync"/> began, and checks it.</summary>
    /// <param name="operations">How many operations the disk had taken.</param>
    /// <param name="promised">The last step that is promised to be in the store.</param>
    public async Task CheckRestoredAsync(int operations, int promised)
    {
        await Shell.CheckAsync("rm -rf disk/volume", _work);
        ProcessOutcome restored = await Volume.RunAsync("restore", "--store", $"file://{StoreThen}", "--key", $"file:{Volume.KeyFile}", Volume.Volume);
        Assert.True(restored.Succeeded, $"{LastWords}\n{restored.Describe()}");
        await CheckAsync(operations, promised, $"restored, step {promised} is promised\n{LastWords}");
    }

    private async Task CheckAsync(int operations, int? promised, string where)
    {
        try
        {
            await Volume.MountAsync();
            string[] arguments = [Volume.Root, Journal, Text(_seed), Text(operations)];
            ProcessOutcome outcome = await Shell.PythonFileAsync(
                Path.Combine(Scripts, "fault_check.py"), "/", null, promised is { } step ? [.. arguments, Text(step)] : arguments);
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

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

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
