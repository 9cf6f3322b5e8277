using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Snapshots;

/// <summary>The trash as people meet it: what was lost is listed by its path, and comes back whole.</summary>
public sealed class TrashTests
{
    [Fact]
    public async Task Restore_AfterDeletingAndOverwriting_BringsEverythingBack()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("""
            mkdir -m 750 study && head -c 3000000 /dev/urandom > study/a.dcm && ln study/a.dcm study/b.dcm && ln -s a.dcm study/link && truncate -s 5M study/sparse
            setfattr -n user.note -v kept study/a.dcm && setfacl -m u:12345:r study/a.dcm && touch -d '2020-02-02 02:02:02.123456789' study/a.dcm
            echo first > report
            """);
        string before = await TreeManifest.ReadAsync(Path.Combine(volume.Root, "study"));
        (await volume.RunAsync("snapshot", "create", volume.Root, "first")).EnsureSucceeded();
        await volume.ShellAsync("rm -r study && echo second, and longer > report");
        (await volume.RunAsync("snapshot", "create", volume.Root)).EnsureSucceeded();

        ProcessOutcome list = (await volume.RunAsync("trash", "list", volume.Root)).EnsureSucceeded();
        Assert.Matches("removed +directory  /study\n", list.Text);
        Assert.Matches("removed +2.86 MiB  /study/[ab].dcm\n", list.Text);
        Assert.Matches("changed +6 B  /report\n", list.Text);
        list = (await volume.RunAsync("trash", "list", Path.Combine(volume.Root, "study"))).EnsureSucceeded();
        Assert.DoesNotContain("/report", list.Text, StringComparison.Ordinal);
        list = (await volume.RunAsync("trash", "list", volume.Root, "--limit", "1", "--json")).EnsureSucceeded();
        Assert.Contains("\"hasMore\":true", list.Text, StringComparison.Ordinal);

        (await volume.RunAsync("trash", "restore", Path.Combine(volume.Root, "study"))).EnsureSucceeded();
        TreeManifest.AssertEqual(before, await TreeManifest.ReadAsync(Path.Combine(volume.Root, "study")));

        string report = Path.Combine(volume.Root, "report");
        ProcessOutcome refused = await volume.RunAsync("trash", "restore", report);
        Assert.True(refused.ExitCode == 10, refused.Describe());
        (await volume.RunAsync("trash", "restore", report, "--to", report + ".old")).EnsureSucceeded();
        (await volume.RunAsync("trash", "restore", report, "--replace")).EnsureSucceeded();
        await volume.ShellAsync("test \"$(cat report)\" = first && test \"$(cat report.old)\" = first && test \"$(ls -A | sort | tr '\\n' ' ')\" = 'report report.old study '");
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Trash_Configured_KeepsWhatIsDeletedByItself()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = "trash: 7\n" });
        await volume.ShellAsync("echo precious > file");
        await Eventually.TrueAsync(
            async () => (await volume.RunAsync("snapshot", "list", volume.Root)).Text.Contains("20", StringComparison.Ordinal),
            "the volume takes a snapshot by itself");
        await volume.ShellAsync("rm file");
        await Eventually.TrueAsync(
            async () => (await volume.RunAsync("trash", "list", volume.Root)).Text.Contains("/file", StringComparison.Ordinal),
            "the trash has what was deleted");
        (await volume.RunAsync("trash", "restore", Path.Combine(volume.Root, "file"))).EnsureSucceeded();
        Assert.Equal("precious\n", await volume.ShellAsync("cat file"));
    }

    [Fact]
    public async Task Restore_OfALargeFile_SharesItsData()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("head -c 40M /dev/urandom > large && sha256sum large > sum");
        (await volume.RunAsync("snapshot", "create", volume.Root, "first")).EnsureSucceeded();
        await volume.UnmountAsync(); // Everything is in the store by now.
        await volume.MountAsync();
        await volume.ShellAsync("rm large");
        long stored = StoredBytes(volume);

        (await volume.RunAsync("trash", "restore", Path.Combine(volume.Root, "large"))).EnsureSucceeded();
        await volume.ShellAsync("sha256sum -c sum");
        await volume.UnmountAsync();
        Assert.True(StoredBytes(volume) < stored + (8 << 20), "the data was written again");
    }

    [Theory]
    [InlineData("never", 8, "no snapshot shows anything there")]
    [InlineData("there", 8, "no snapshot shows anything there")]
    [InlineData("gone/deep", 8, "its directory does not exist")]
    public async Task Restore_WhatCannotBe_SaysWhy(string name, int code, string message)
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo same > there && mkdir gone && echo deep > gone/deep");
        (await volume.RunAsync("snapshot", "create", volume.Root, "first")).EnsureSucceeded();
        await volume.ShellAsync("rm -r gone");

        ProcessOutcome outcome = await volume.RunAsync("trash", "restore", Path.Combine(volume.Root, name));
        Assert.True(outcome.ExitCode == code, outcome.Describe());
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        await volume.ShellAsync("test \"$(ls -A)\" = there");
    }

    private static long StoredBytes(MountedVolume volume) =>
        Directory.EnumerateFiles(volume.Store, "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
}
