using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>Where something ends, and with which errno: sizes of files, allocation, statfs(2); and what statx(2) and inotify(7) tell.</summary>
public sealed class LimitTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public async Task Size_UpToTheLargestOffset_IsTaken()
    {
        // The local disk's own limit is lower: nothing to compare with.
        Assert.Equal(
            """
            size 9223372036854775807
            last byte b'x'
            hole b'\x00\x00\x00\x00' 9223372036854775806
            past the end EINVAL
            truncate EINVAL
            allocate past the end EFBIG
            """,
            await PythonAsync("""
                file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
                last = 2 ** 63 - 2
                os.ftruncate(file, 2 ** 63 - 1)
                print("size", os.fstat(file).st_size)
                os.pwrite(file, b"x", last)
                os.fsync(file)
                print("last byte", os.pread(file, 1, last))
                print("hole", os.pread(file, 4, 1 << 50), os.lseek(file, last, os.SEEK_DATA))
                print("past the end", outcome(os.pwrite, file, b"x", last + 1))
                print("truncate", outcome(os.ftruncate, file, -1))
                print("allocate past the end", outcome(fallocate, file, 0, last, 10))
                """));
    }

    [Fact]
    public async Task Path_LongerThanPathMax_IsTooLong()
    {
        Assert.Equal(
            """
            path of 4095 ENOENT
            path of 4096 ENAMETOOLONG
            name of 255 None
            name of 256 ENAMETOOLONG
            """,
            await PythonAsync("""
                print("path of 4095", outcome(os.stat, "d/" * 2047 + "f"))
                print("path of 4096", outcome(os.stat, "d/" * 2048))
                print("name of 255", outcome(os.mkdir, "n" * 255))
                print("name of 256", outcome(os.mkdir, "n" * 256))
                """));
    }

    [Fact]
    public async Task Fallocate_MoreThanTheVolumeHas_IsNoSpace()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = "capacity: 1GiB\n" });
        string script = $"""
            import sys
            sys.path.insert(0, '{PosixCase.Scripts}')
            from posix_case import *
            space = os.statvfs(".")
            print(space.f_blocks * space.f_frsize)
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            attempt("more than there is", fallocate, file, 0, 0, 2 << 30)
            attempt("keep size", fallocate, file, FALLOC_FL_KEEP_SIZE, 0, 2 << 30)
            attempt("zero", fallocate, file, FALLOC_FL_ZERO_RANGE, 0, 2 << 30)
            print(os.fstat(file).st_size)
            attempt("what there is", fallocate, file, 0, 0, 1 << 29)
            attempt("punch", fallocate, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 << 30)
            print(os.fstat(file).st_size)
            """;

        ProcessOutcome outcome = (await Shell.PythonAsync(script, volume.Root)).EnsureSucceeded();

        Assert.Equal(
            "1073741824\nmore than there is ENOSPC\nkeep size ENOSPC\nzero ENOSPC\n0\nwhat there is ok\npunch ok\n536870912\n", outcome.Text);
    }

    [Fact]
    public async Task Fallocate_CollapseAndInsert_AreNotSupported()
    {
        Assert.Equal(
            "collapse ENOTSUP\ninsert ENOTSUP",
            await PythonAsync("""
                put("a", pattern(65536))
                file = os.open("a", os.O_RDWR)
                attempt("collapse", fallocate, file, 0x08, 0, 4096)
                attempt("insert", fallocate, file, 0x20, 0, 4096)
                """));
    }

    [Fact]
    public Task BirthTime_OfAFile_StaysWhatItWasAtCreation()
    {
        return PosixCase.ShellBehavesAsOnLocalDiskAsync(mount, """
            before=$(date +%s)
            echo content > a
            birth=$(stat -c %.9W a)
            test "${birth%.*}" -ge "$((before - 1))" && echo plausible
            echo more >> a; chmod 600 a; mv a b; touch -d 2001-02-03 b
            test "$(stat -c %.9W b)" = "$birth" && echo kept
            mkdir d && test "$(stat -c %W d)" -ge "$((before - 1))" && echo directory
            """);
    }

    [Fact]
    public Task Inotify_OfADirectory_TellsWhatHappensInIt()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d")
            watch = check(libc.inotify_init1(os.O_NONBLOCK))
            check(libc.inotify_add_watch(watch, b"d", 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200))
            put("d/a", b"content")
            os.chmod("d/a", 0o600)
            os.rename("d/a", "d/b")
            os.link("d/b", "d/c")
            os.mkdir("d/e")
            os.unlink("d/b")
            os.rmdir("d/e")
            events, at = os.read(watch, 65536), 0
            while at < len(events):
                _, mask, cookie, length = struct.unpack_from("iIII", events, at)
                print(hex(mask), cookie != 0, events[at + 16:at + 16 + length].rstrip(b"\0"))
                at += 16 + length
            """);
    }

    private async Task<string> PythonAsync(string python)
    {
        string script = $"import sys\nsys.path.insert(0, '{PosixCase.Scripts}')\nfrom posix_case import *\n{python}";
        ProcessOutcome outcome = await Shell.PythonAsync(script, await mount.NewDirectoryAsync());
        return outcome.EnsureSucceeded().Text.TrimEnd('\n');
    }
}
