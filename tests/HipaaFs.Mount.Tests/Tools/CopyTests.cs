using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Tools;

/// <summary>rsync and tar carry trees into a mount and out of it without a difference.</summary>
public sealed class CopyTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public async Task Rsync_InAndOut_CarriesEverything()
    {
        MountPrerequisites.RequirePrograms("rsync", "setfacl");
        await using var local = new LocalDirectory();
        await MakeTreeAsync(local.Path, 400);
        await Shell.CheckAsync("setfacl -m u:1001:rw 'tree/d1/file 1' && setfacl -d -m g:2002:rx tree/d2", local.Path);
        string directory = await mount.NewDirectoryAsync();

        await Shell.CheckAsync($"rsync -aHAX tree/ '{directory}/in/'", local.Path, ChildProcess.LongTimeout);
        await Shell.CheckAsync($"rsync -aHAX '{directory}/in/' out/", local.Path, ChildProcess.LongTimeout);
        string again = await Shell.CheckAsync(
            $"rsync -aHAXn --itemize-changes --checksum --delete tree/ '{directory}/in/'", local.Path, ChildProcess.LongTimeout);

        string expected = await TreeManifest.ReadAsync(Path.Combine(local.Path, "tree"));
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(directory, "in")));
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(local.Path, "out")));
        Assert.Equal(string.Empty, again);
    }

    [Fact]
    public async Task Tar_InAndOutSparse_CarriesEverything()
    {
        MountPrerequisites.RequirePrograms("tar");
        await using var local = new LocalDirectory();
        await MakeTreeAsync(local.Path, 200);
        string directory = await mount.NewDirectoryAsync();

        await Shell.CheckAsync(
            $"""
            tar -C tree --format=posix --xattrs --xattrs-include='*' -S -cf in.tar .
            mkdir '{directory}/in' && tar -C '{directory}/in' --xattrs --xattrs-include='*' -xpf in.tar
            tar -C '{directory}/in' --format=posix --xattrs --xattrs-include='*' -S -cf out.tar .
            mkdir out && tar -C out --xattrs --xattrs-include='*' -xpf out.tar
            """,
            local.Path,
            ChildProcess.LongTimeout);

        string expected = await TreeManifest.ReadAsync(Path.Combine(local.Path, "tree"));
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(directory, "in")));
        TreeManifest.AssertEqual(expected, await TreeManifest.ReadAsync(Path.Combine(local.Path, "out")));
    }

    [Fact]
    public async Task Tar_TwentyThousandSmallFiles_ComeOutAsTheyWentIn()
    {
        MountPrerequisites.RequirePrograms("tar");
        await using var local = new LocalDirectory();
        await Shell.CheckAsync(
            $"""
            '{Shell.Python}' - <<'END'
            import os, random
            dice = random.Random(5)
            for directory in range(200):
                os.makedirs("tree/series %03d" % directory)
                for number in range(100):
                    with open("tree/series %03d/image %03d" % (directory, number), "wb") as file:
                        file.write(dice.randbytes(dice.randrange(0, 3000)))
            END
            tar --sort=name --mtime=@1700000000 --owner=0 --group=0 --numeric-owner -cf in.tar -C tree .
            """,
            local.Path,
            ChildProcess.LongTimeout);
        string directory = await mount.NewDirectoryAsync();

        string unpacked = await Shell.CheckAsync($"tar -xf '{local.Path}/in.tar' && find . -type f | wc -l", directory, ChildProcess.LongTimeout);
        string expected = await Shell.CheckAsync("sha256sum < in.tar", local.Path);
        string actual = await Shell.CheckAsync(
            "tar --sort=name --mtime=@1700000000 --owner=0 --group=0 --numeric-owner -cf - . | sha256sum", directory, ChildProcess.LongTimeout);
        string removed = await Shell.CheckAsync("rm -rf -- * && ls -A", directory, ChildProcess.LongTimeout);

        Assert.Equal("20000\n", unpacked);
        Assert.Equal(expected, actual);
        Assert.Equal(string.Empty, removed);
    }

    private static async Task MakeTreeAsync(string directory, int files)
    {
        ProcessOutcome outcome = await Shell.PythonFileAsync(
            Path.Combine(PosixCase.Scripts, "sample_tree.py"), directory, null, "tree", $"{files}");
        outcome.EnsureSucceeded();
    }
}
