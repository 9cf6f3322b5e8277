using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>Holes, fallocate, copy_file_range, statfs and files larger than the driver's memory.</summary>
public sealed class SpaceTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task Write_FarPastTheEnd_LeavesAHole()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.pwrite(file, pattern(65536), 1 << 20)
            os.pwrite(file, pattern(65536, 2), 1 << 33)
            os.fsync(file)
            print(os.fstat(file).st_size, os.fstat(file).st_blocks * 512 < 1 << 20)
            print(os.pread(file, 4096, 0) == bytes(4096), os.pread(file, 4096, 1 << 32) == bytes(4096))
            print(digest(os.pread(file, 65536, 1 << 33)))
            """);
    }

    [Fact]
    public Task Seek_DataAndHole_FollowTheContent()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.pwrite(file, pattern(65536), 1 << 20)
            os.pwrite(file, pattern(131072), 3 << 20)
            os.ftruncate(file, 8 << 20)
            os.fsync(file)
            print(data_runs(file))
            print(outcome(os.lseek, file, 0, os.SEEK_DATA), outcome(os.lseek, file, 0, os.SEEK_HOLE))
            print(outcome(os.lseek, file, (1 << 20) + 100, os.SEEK_DATA), outcome(os.lseek, file, (1 << 20) + 100, os.SEEK_HOLE))
            print(outcome(os.lseek, file, 5 << 20, os.SEEK_DATA), outcome(os.lseek, file, 5 << 20, os.SEEK_HOLE))
            print(outcome(os.lseek, file, 8 << 20, os.SEEK_DATA), outcome(os.lseek, file, 8 << 20, os.SEEK_HOLE))
            """);
    }

    [Fact]
    public Task Seek_UnsyncedData_IsNoHole()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.pwrite(file, pattern(65536), 0)
            print(os.lseek(file, 0, os.SEEK_DATA), os.lseek(file, 0, os.SEEK_HOLE))
            """);
    }

    [Fact]
    public Task Fallocate_EachMode_GivesTheSizeAndContentOfTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.pwrite(file, pattern(300_000), 0)
            def look(label):
                content = os.pread(file, 1 << 20, 0)
                print(label, len(content), os.fstat(file).st_size, digest(content))
            attempt("allocate", fallocate, file, 0, 200_000, 300_000)
            look("allocate")
            attempt("keep size", fallocate, file, FALLOC_FL_KEEP_SIZE, 400_000, 400_000)
            look("keep size")
            attempt("punch", fallocate, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 50_001, 100_003)
            look("punch")
            attempt("zero", fallocate, file, FALLOC_FL_ZERO_RANGE, 480_000, 100_000)
            look("zero")
            attempt("zero, keep size", fallocate, file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 570_000, 100_000)
            look("zero, keep size")
            attempt("punch without keep size", fallocate, file, FALLOC_FL_PUNCH_HOLE, 0, 4096)
            attempt("no length", fallocate, file, 0, 0, 0)
            attempt("negative", fallocate, file, 0, -1, 10)
            os.fsync(file)
            print(digest(get("a")))
            """);
    }

    [Fact]
    public Task Fallocate_PunchedRange_IsAHole()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.pwrite(file, pattern(4 << 20), 0)
            os.close(file)
            before = os.stat("a").st_blocks
            file = os.open("a", os.O_RDWR)
            fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 20, 2 << 20)
            os.fsync(file)
            print(data_runs(file))
            os.close(file)
            print(os.stat("a").st_blocks < before, os.stat("a").st_size)
            """);
    }

    [Fact]
    public Task Stat_OfAFileStillOpen_ShowsBlocks()
    {
        // GNU tar -S archives a file of st_blocks 0 as one hole without reading it.
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            print(os.fstat(file).st_blocks)
            os.pwrite(file, pattern(1 << 20), 0)
            os.fsync(file)
            print(os.fstat(file).st_blocks >= 2048, os.stat("a").st_blocks >= 2048)
            """);
    }

    [Fact]
    public Task Tar_SparseOfAFileStillWritten_HasItsContent()
    {
        MountPrerequisites.RequirePrograms("tar");
        return PosixCase.ShellBehavesAsOnLocalDiskAsync(mount, """
            exec 3> a
            head -c 100000 /dev/zero | tr '\0' x >&3
            tar -S -cf - a | tar -xOf - | sha256sum
            """);
    }

    [Fact]
    public Task CopyFileRange_WholeAndPart_CopiesBytes()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", pattern(3_000_000))
            source = os.open("a", os.O_RDWR)
            target = os.open("b", os.O_RDWR | os.O_CREAT, 0o644)
            def copy(length, from_offset, to_offset):
                done = 0
                while done < length:
                    step = os.copy_file_range(source, target, length - done, from_offset + done, to_offset + done)
                    if step == 0:
                        break
                    done += step
                return done
            print(copy(3_000_000, 0, 0), digest(get("b")))
            print(copy(100_000, 12_345, 1_000_001), digest(get("b")))
            print(copy(100_000, 2_950_000, 5_000_000), digest(get("b")), os.fstat(target).st_size)
            os.pwrite(source, b"changed after the copy", 12_345)
            print(digest(get("b")), digest(get("a")))
            os.pwrite(target, b"the copy changes", 0)
            print(digest(get("b")), digest(get("a")))
            print(copy(10, 3_000_000, 0))
            """);
    }

    [Fact]
    public async Task Statfs_OfAMount_TellsLimitsAndSpace()
    {
        MountedVolume volume = await mount.GetAsync();
        ProcessOutcome outcome = await Shell.PythonAsync(
            """
            import os
            space = os.statvfs(".")
            assert space.f_namemax == 255, space
            assert space.f_frsize >= 512 and space.f_blocks > 0, space
            assert 0 < space.f_bavail <= space.f_bfree <= space.f_blocks, space
            """,
            volume.Root);
        outcome.EnsureSucceeded();
    }

    [Fact]
    public async Task Write_FileLargerThanTheMemoryBudget_ReadsBackWithinIt()
    {
        MountPrerequisites.RequireRoot();
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = "memory: 128MiB\n" });
        string script = """
            import hashlib, os, sys
            block = hashlib.shake_256(b"large").digest(1 << 20)
            digest = hashlib.sha256()
            file = os.open("large", os.O_RDWR | os.O_CREAT, 0o644)
            for i in range(600):
                content = i.to_bytes(8, "big") + block[8:]
                digest.update(content)
                os.write(file, content)
            os.fsync(file)
            print(digest.hexdigest(), " -", sep="")
            """;
        ProcessOutcome written = (await Shell.PythonAsync(script, volume.Root, ChildProcess.LongTimeout)).EnsureSucceeded();
        await MountedVolume.DropKernelCachesAsync();

        string read = await volume.ShellAsync("sha256sum < large", ChildProcess.LongTimeout);

        Assert.Equal(written.Text.Replace(" ", string.Empty, StringComparison.Ordinal), read.Replace(" ", string.Empty, StringComparison.Ordinal));
        long peakMiB = PeakResidentMiB(volume.DaemonId);
        Assert.True(peakMiB <= 128 + 120, $"the daemon needed {peakMiB} MiB with a budget of 128 MiB");
    }

    private static long PeakResidentMiB(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }
}
