using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>A volume comes back from its store and its key alone.</summary>
public sealed class RestoreTests
{
    [Fact]
    public async Task Restore_VolumeLost_BringsBackTheTree()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = "trash: 7\n" });
        string expected = await FillAndUnmountAsync(volume);
        await Shell.CheckAsync("rm -rf -- volume", volume.Work);

        ProcessOutcome restored = await volume.RunAsync("restore", "--store", $"file://{volume.Store}", "--key", $"file:{volume.KeyFile}", volume.Volume);

        restored.EnsureSucceeded();
        Assert.Contains("\ntrash: 7\n", await File.ReadAllTextAsync(Path.Combine(volume.Volume, "volume.yaml")), StringComparison.Ordinal);
        await volume.MountAsync();
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(volume.Root, "tree")));
        await volume.ShellAsync("echo more > tree/more && sync tree/more tree");
        await volume.KillAsync(); // Before it has published anything of its own.
        await volume.MountAsync();
        await volume.ShellAsync("test $(cat tree/more) = more");
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Restore_CutOff_IsNotMountedAndIsDoneAgain()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string expected = await FillAndUnmountAsync(volume);
        await Shell.CheckAsync("mv volume old && mkdir volume && cp old/volume.yaml old/keyring volume && : > volume/restoring && : > volume/metadata.db", volume.Work);

        ProcessOutcome mounted = await volume.RunAsync("mount", volume.Volume, volume.Root);
        Assert.True(mounted.ExitCode == 10, mounted.Describe());
        (await volume.RunAsync("restore", "--store", $"file://{volume.Store}", "--key", $"file:{volume.KeyFile}", volume.Volume)).EnsureSucceeded();

        await volume.MountAsync();
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(volume.Root, "tree")));
    }

    [Fact]
    public async Task Restore_ObjectLost_EndsWithNineAndNamesTheFile()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("head -c 100000 /dev/urandom > lost");
        string inode = (await volume.ShellAsync("stat -c %i lost")).Trim();
        await volume.UnmountAsync();
        string stored = Assert.Single(Directory.GetFiles(Path.Combine(volume.Store, "seg"), "*", SearchOption.AllDirectories));
        await volume.MountAsync();
        await volume.ShellAsync("echo kept > kept");
        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf -- volume", volume.Work);
        File.Delete(stored);

        ProcessOutcome restored = await volume.RunAsync("restore", "--store", $"file://{volume.Store}", "--key", $"file:{volume.KeyFile}", volume.Volume);

        Assert.True(restored.ExitCode == 9, restored.Describe());
        Assert.Contains($"inode {inode}: 100000 bytes", restored.Text, StringComparison.Ordinal);
        await volume.MountAsync();
        await volume.ShellAsync("test $(cat kept) = kept && ! cat lost > /dev/null 2>&1");
    }

    [Fact]
    public async Task Restore_WrongKey_RefusesAndLeavesNothing()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await using MountedVolume other = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        await FillAndUnmountAsync(volume);
        string target = Path.Combine(volume.Work, "restored");

        ProcessOutcome outcome = await volume.RunAsync("restore", "--store", $"file://{volume.Store}", "--key", $"file:{other.KeyFile}", target);

        Assert.True(outcome.ExitCode == 4, outcome.Describe());
        Assert.False(Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any(), "something was left behind");
    }

    [Fact]
    public async Task IndependentReader_StoreRingAndKey_ExtractsTheSameFiles()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string reader = Path.Combine(Repository.Root, "tests", "independent-reader", "hipaafs_reader.py");
        ProcessOutcome library = await Shell.PythonAsync("import cryptography", "/");
        if (!library.Succeeded)
        {
            Assert.Skip("needs python3-cryptography");
        }

        await volume.ShellAsync($"cp -r '{PosixCase.Scripts}' tree && head -c 3000000 /dev/urandom > tree/large && ln tree/large tree/hard && ln -s large tree/link && mkdir tree/empty", TimeSpan.FromSeconds(60));
        string expected = await TreeManifest.ReadAsync(Path.Combine(volume.Root, "tree"), withTimes: false);
        await volume.UnmountAsync();
        string output = Path.Combine(volume.Work, "extracted");

        ProcessOutcome extracted = await Shell.PythonFileAsync(
            reader, volume.Work, TimeSpan.FromSeconds(180), "--store", volume.Store, "--key", volume.KeyFile, "--out", output);

        extracted.EnsureSucceeded();
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(output, "tree"), withTimes: false));
    }

    private static async Task<string> FillAndUnmountAsync(MountedVolume volume)
    {
        ProcessOutcome made = await Shell.PythonFileAsync(
            Path.Combine(PosixCase.Scripts, "sample_tree.py"), volume.Root, TimeSpan.FromSeconds(120), "tree", "150");
        made.EnsureSucceeded();
        string tree = await TreeManifest.ReadAsync(Path.Combine(volume.Root, "tree"));
        await volume.UnmountAsync();
        return tree;
    }
}
