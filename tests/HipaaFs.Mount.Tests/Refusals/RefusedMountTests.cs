using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Refusals;

/// <summary>What cannot be mounted is refused with a reason, an exit code and nothing changed.</summary>
public sealed class RefusedMountTests
{
    [Fact]
    public async Task Mount_WrongKey_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        await using MountedVolume other = await CreateAsync();
        File.Copy(other.KeyFile, volume.KeyFile, overwrite: true);

        await AssertRefusedAsync(volume, 4, "key");
    }

    [Fact]
    public async Task Mount_MissingKey_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        File.Delete(volume.KeyFile);

        await AssertRefusedAsync(volume, 4, "key");
    }

    [Fact]
    public async Task Mount_DamagedKeyFile_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        string text = await File.ReadAllTextAsync(volume.KeyFile);
        await File.WriteAllTextAsync(volume.KeyFile, text[..^6]);

        await AssertRefusedAsync(volume, 4, "key");
    }

    [Fact]
    public async Task Mount_KeyFileReadableByAll_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        await Shell.CheckAsync($"chmod 0644 '{volume.KeyFile}'", "/");

        await AssertRefusedAsync(volume, 4, "chmod|others|readable");
    }

    [Fact]
    public async Task Mount_ConfigurationWithSeveralMistakes_NamesThemAllWithTheirPlaces()
    {
        await using MountedVolume volume = await CreateAsync();
        string path = Path.Combine(volume.Volume, "volume.yaml");
        int lines = (await File.ReadAllLinesAsync(path)).Length;
        await File.AppendAllTextAsync(path, "memry: 256MiB\nmemory: lots\n");

        ProcessOutcome outcome = await AssertRefusedAsync(volume, 3, "memry");

        Assert.Contains($":{lines + 1}:1", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($":{lines + 2}:", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("lots", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{{ not yaml", 3)]
    [InlineData("", 3)]
    public async Task Mount_ConfigurationThatIsNone_IsRefused(string content, int exitCode)
    {
        await using MountedVolume volume = await CreateAsync();
        await File.WriteAllTextAsync(Path.Combine(volume.Volume, "volume.yaml"), content);

        await AssertRefusedAsync(volume, exitCode, "volume.yaml");
    }

    [Fact]
    public async Task Mount_NewerLayout_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        string path = Path.Combine(volume.Volume, "volume.yaml");
        string text = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, text.Replace("version: 1", "version: 99", StringComparison.Ordinal));

        await AssertRefusedAsync(volume, 11, "newer");
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("half")]
    [InlineData("empty")]
    public async Task Mount_DamagedKeyRing_IsRefused(string damage)
    {
        await using MountedVolume volume = await CreateAsync();
        string path = Path.Combine(volume.Volume, "keyring");
        byte[] content = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, damage switch
        {
            "flip" => [.. content[..^40], (byte)(content[^40] ^ 1), .. content[^39..]],
            "half" => content[..(content.Length / 2)],
            _ => [],
        });

        await AssertRefusedAsync(volume, 6, "key ring");
    }

    [Fact]
    public async Task Mount_NoVolumeThere_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();

        ProcessOutcome outcome = await volume.RunAsync("mount", Path.Combine(volume.Work, "none"), volume.Root);

        Assert.True(outcome.ExitCode == 8, outcome.Describe());
        Assert.Contains("volume.yaml", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mount_StoreGone_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        Directory.Move(volume.Store, volume.Store + ".away");

        await AssertRefusedAsync(volume, 5, "store");

        Directory.Move(volume.Store + ".away", volume.Store);
        await volume.MountAsync();
    }

    [Fact]
    public async Task Mount_PointThatCannotBeOne_IsRefused()
    {
        await using MountedVolume volume = await CreateAsync();
        string full = Directory.CreateDirectory(Path.Combine(volume.Work, "full")).FullName;
        string file = Path.Combine(full, "file");
        await File.WriteAllTextAsync(file, string.Empty);

        await AssertRefusedAtAsync(volume, full, 2, "not empty");
        await AssertRefusedAtAsync(volume, file, 2, "not a directory");
        await AssertRefusedAtAsync(volume, Path.Combine(volume.Work, "none"), 8, "no such directory");
        await AssertRefusedAtAsync(volume, volume.Volume, 2, "inside the volume");
        await AssertRefusedAtAsync(volume, volume.Work, 2, "not empty|lies below");
    }

    [Fact]
    public async Task BuildScript_MountOverFiles_IsRefusedBeforeAnythingIsMade()
    {
        await using MountedVolume volume = await CreateAsync();
        string full = Directory.CreateDirectory(Path.Combine(volume.Work, "full of files")).FullName;
        string made = Path.Combine(volume.Work, "made");
        await File.WriteAllTextAsync(Path.Combine(full, "file"), string.Empty);
        await volume.MountAsync();

        foreach ((string place, string why) in (IEnumerable<(string, string)>)[(full, "it is not empty"), (Path.Combine(full, "file"), "it is not a directory"), (volume.Root, "mounted there already"), ("/proc", "something else is mounted")])
        {
            ProcessOutcome refused = await ChildProcess.RunAsync(
                Path.Combine(Repository.Root, "build.sh"),
                ["mount", place],
                new ChildProcessOptions { Environment = new Dictionary<string, string?>(volume.Environment) { ["HIPAAFS_VOLUME"] = made } });
            Assert.True(refused.ExitCode == 1, refused.Describe());
            Assert.Contains(why, refused.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("built", refused.Error, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(made));
    }

    [Fact]
    public async Task Mount_SecondTime_NamesTheHolder()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo first > file");
        string elsewhere = Directory.CreateDirectory(Path.Combine(volume.Work, "elsewhere")).FullName;

        ProcessOutcome outcome = await volume.RunAsync("mount", volume.Volume, elsewhere);

        Assert.True(outcome.ExitCode == 7, outcome.Describe());
        Assert.Contains($"{volume.DaemonId}", outcome.Error, StringComparison.Ordinal);
        Assert.False(MountTable.IsMounted(elsewhere));
        Assert.Equal("first\n", await volume.ShellAsync("cat file"));
    }

    [Fact]
    public async Task Mount_WithoutFuseDevice_SaysSo()
    {
        MountPrerequisites.RequireRoot();
        MountPrerequisites.RequirePrograms("unshare");
        await using MountedVolume volume = await CreateAsync();

        // A mount namespace of its own whose /dev has what every program needs, and no fuse.
        const string Script = """
            set -eu
            mount -t tmpfs -o mode=0755 none /dev
            mknod -m 0666 /dev/null c 1 3; mknod -m 0666 /dev/zero c 1 5; mknod -m 0666 /dev/random c 1 8; mknod -m 0666 /dev/urandom c 1 9
            exec "$0" mount "$1" "$2"
            """;
        ProcessOutcome outcome = await ChildProcess.RunAsync(
            "unshare",
            ["--mount", "sh", "-c", Script, DriverExecutable.Locate(), volume.Volume, volume.Root],
            new ChildProcessOptions { Environment = volume.Environment });

        Assert.True(outcome.ExitCode == 1, outcome.Describe());
        Assert.Contains("/dev/fuse", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mount_AsAnotherUser_IsRefused()
    {
        MountPrerequisites.RequireRoot();
        MountPrerequisites.RequirePrograms("setpriv");
        await using MountedVolume volume = await CreateAsync();
        string before = await VolumeStateAsync(volume);
        await Shell.CheckAsync($"chmod 0711 '{volume.Work}'", "/");
        string driver = await DriverExecutable.CopyForEverybodyAsync(volume.Work);

        ProcessOutcome outcome = await ChildProcess.RunAsync(
            "setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", driver, "mount", volume.Volume, volume.Root],
            new ChildProcessOptions { Environment = volume.Environment });

        Assert.True(outcome.ExitCode is 1 or 3 or 8, outcome.Describe());
        Assert.NotEqual(string.Empty, outcome.Error);
        Assert.Equal(before, await VolumeStateAsync(volume));
    }

    [Fact]
    public async Task Initialise_OverAVolume_IsRefusedAndChangesNothing()
    {
        await using MountedVolume volume = await CreateAsync();
        string before = await VolumeStateAsync(volume);

        ProcessOutcome outcome = await volume.RunAsync("init", volume.Volume, "--no-recovery-key");

        Assert.True(outcome.ExitCode is 2 or 10, outcome.Describe());
        Assert.Equal(before, await VolumeStateAsync(volume));
    }

    private static Task<MountedVolume> CreateAsync()
    {
        return MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
    }

    private static async Task<ProcessOutcome> AssertRefusedAsync(MountedVolume volume, int exitCode, string words)
    {
        return await AssertRefusedAtAsync(volume, volume.Root, exitCode, words);
    }

    private static async Task<ProcessOutcome> AssertRefusedAtAsync(MountedVolume volume, string mountPoint, int exitCode, string words)
    {
        string before = await VolumeStateAsync(volume);

        ProcessOutcome outcome = await volume.RunAsync("mount", volume.Volume, mountPoint);

        Assert.True(outcome.ExitCode == exitCode, outcome.Describe());
        Assert.Matches($"(?i){words}", outcome.Error);
        Assert.False(MountTable.IsMounted(mountPoint));
        Assert.Equal(before, await VolumeStateAsync(volume));
        return outcome;
    }

    // Logs and the lock's text may be written by an attempt; everything that is the volume may not.
    private static async Task<string> VolumeStateAsync(MountedVolume volume)
    {
        string tree = await TreeManifest.ReadAsync(volume.Volume, withTimes: false);
        string[] kept = [.. tree.Split('\n').Where(line => !line.StartsWith("b'./log", StringComparison.Ordinal) && !line.StartsWith("b'./lock'", StringComparison.Ordinal))];
        string store = Directory.Exists(volume.Store) ? await TreeManifest.ReadAsync(volume.Store, withTimes: false) : string.Empty;
        return string.Join('\n', kept) + store;
    }
}
