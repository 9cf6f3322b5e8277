using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>A volume that is open in the test's process, without a mount: its own store is the directory "a", and there are "b" and "c" beside it.</summary>
internal sealed class OpenVolume : IAsyncDisposable
{
    private readonly VolumeDirectory _directory;

    /// <summary>What is done to its stores.</summary>
    public StoreAdministration Administration => new(Volume, new HomeAddress(Configuration), TimeProvider.System);

    /// <summary>Its volume.yaml, as it is now.</summary>
    public VolumeConfiguration Configuration => Load(_directory, new CommandContext { Out = TextWriter.Null, Error = TextWriter.Null, Environment = name => Environment(_directory).GetValueOrDefault(name) });

    /// <summary>Where its volume.yaml says that this machine is.</summary>
    public string? Region => Configuration.Get(VolumeSettings.Region);

    private OpenVolume(VolumeDirectory directory, Volume volume)
    {
        _directory = directory;
        Volume = volume;
    }

    public Volume Volume { get; private set; }

    public static async Task<OpenVolume> CreateAsync(string? region = "eu")
    {
        var directory = new VolumeDirectory();
        foreach (string name in (string[])["b", "c"])
        {
            Directory.CreateDirectory(Path.Combine(directory.Root, name));
        }

        CommandLineRun run = await CommandLineRun.OfAsync(
            Environment(directory), "init", directory.Volume, "--store", $"file://{directory.Root}/a", "--no-recovery-key");
        Assert.True(run.Code == ExitCode.Done, run.Error);
        await File.AppendAllTextAsync(Path.Combine(directory.Volume, VolumeFile.Name), region is null ? "" : $"region: {region}\n");
        return new OpenVolume(directory, await OpenAsync(directory));
    }

    public async Task ReopenAsync()
    {
        await Volume.DisposeAsync();
        Volume = await OpenAsync(_directory);
    }

    /// <summary>A policy of this volume's stores, of which the text says the rest; and its text.</summary>
    public (LoadedPolicy Policy, byte[] Text) Policy(string rest)
    {
        string stores = string.Concat(new[] { "a", "b", "c" }.Select(name => $"  {name}: {{url: \"file://{_directory.Root}/{name}\", region: {(name == "c" ? "us" : "eu")}, baa: ours}}\n"));
        byte[] text = System.Text.Encoding.UTF8.GetBytes($"version: 1\nhost: {{region: eu}}\nmetadata: {{stores: [a]}}\nstores:\n{stores}{rest}");
        return (PolicyFile.Parse(text, "policy.yaml", new DateOnly(2026, 11, 1)), text);
    }

    public async Task<InodeAttributes> MakeDirectoryAsync(InodeId parent, string name) => Ok(
        await Volume.FileSystem.MakeDirectoryAsync(parent, System.Text.Encoding.UTF8.GetBytes(name), new CreationMode { Mode = 0x1ED }, default(Caller), default));

    /// <summary>Makes a file of so many bytes.</summary>
    public async Task MakeFileAsync(InodeId parent, string name, int bytes)
    {
        CreatedFile file = Ok(await Volume.FileSystem.CreateAsync(
            parent, System.Text.Encoding.UTF8.GetBytes(name), new CreationMode { Mode = 0x81A4 }, OpenFlags.Write, default(Caller), default));
        Assert.Equal(bytes, Ok(await Volume.FileSystem.WriteAsync(file.Handle, 0, new byte[bytes], WriteOrigin.Direct, default)));
        await Volume.FileSystem.ReleaseAsync(file.Handle);
        Assert.Equal(FsError.None, await Volume.FileSystem.SyncAsync(default));
    }

    /// <summary>The same; on return they are in its stores, in a segment of their own.</summary>
    public async Task UploadAsync(InodeId parent, string name, int bytes)
    {
        await MakeFileAsync(parent, name, bytes);
        Assert.Null(await Volume.DrainAsync(new Progress<DrainProgress>(), default));
    }

    /// <summary>Restores it from its home into another directory, which is removed with it.</summary>
    public Task<CommandLineRun> RestoreAsync(string name, params string[] options)
    {
        Dictionary<string, string> environment = Environment(_directory);
        string key = Assert.Single(Directory.GetFiles(Path.Combine(environment["HOME"], ".config", "hipaafs", "keys"), "*.key"));
        return CommandLineRun.OfAsync(environment, ["restore", Path.Combine(_directory.Root, name), "--store", $"file://{_directory.Root}/a", "--key", $"file:{key}", .. options]);
    }

    /// <summary>Has the directory of a store be gone.</summary>
    public void TakeAway(string store) => Directory.Move(Path.Combine(_directory.Root, store), Path.Combine(_directory.Root, store + "-gone"));

    /// <summary>Undoes <see cref="TakeAway"/>.</summary>
    public void BringBack(string store) => Directory.Move(Path.Combine(_directory.Root, store + "-gone"), Path.Combine(_directory.Root, store));

    public async Task<uint> PlacementAsync(InodeId inode) => Ok(await Volume.FileSystem.GetAttributesAsync(inode, default)).Placement;

    public async ValueTask DisposeAsync()
    {
        await Volume.DisposeAsync();
        _directory.Dispose();
    }

    private static T Ok<T>(FsResult<T> result) => result.IsOk ? result.Value : throw new Xunit.Sdk.XunitException(result.Error.ToString());

    private static VolumeConfiguration Load(VolumeDirectory directory, CommandContext context) =>
        VolumeConfiguration.Load(directory.Volume, new Dictionary<string, string>(), context.Environment);

    private static Dictionary<string, string> Environment(VolumeDirectory directory) => new() { ["HOME"] = Path.Combine(directory.Root, "home") };

    private static async Task<Volume> OpenAsync(VolumeDirectory directory)
    {
        var context = new CommandContext { Out = TextWriter.Null, Error = TextWriter.Null, Environment = name => Environment(directory).GetValueOrDefault(name) };
        VolumeConfiguration configuration = Load(directory, context);
        IKeyWrapper key = KeyAccess.Open(VolumeKeys.Resolve(configuration, null), context);
        using var lifetime = key as IDisposable;
        return await HipaaFs.Volumes.Volume.OpenAsync(
            VolumeOptionsMapping.ToOptions(configuration), key, VolumeMode.ReadWrite, NullLoggerFactory.Instance, TimeProvider.System, default);
    }
}
