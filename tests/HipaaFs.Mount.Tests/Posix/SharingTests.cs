using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>Shared mappings and locks between processes, as the local disk does them.</summary>
public sealed class SharingTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task Map_SharedAndWritten_IsInTheFile()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", pattern(1_000_000))
            file = os.open("a", os.O_RDWR)
            map = mmap.mmap(file, 1_000_000)
            map[0:5] = b"first"
            map[500_000:500_006] = b"middle"
            map[999_997:] = b"end"
            print(digest(os.pread(file, 1 << 20, 0)))
            map.flush()
            os.fsync(file)
            print(digest(get("a")))
            os.pwrite(file, b"by write", 20_000)
            print(map[20_000:20_008])
            map.close()
            os.close(file)
            print(digest(get("a")), os.stat("a").st_size)
            """);
    }

    [Fact]
    public Task Map_OfASparseFile_FillsTheHole()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(file, 8 << 20)
            map = mmap.mmap(file, 8 << 20)
            for offset in range(0, 8 << 20, 1 << 18):
                map[offset:offset + 7] = b"%07d" % offset
            map.close()
            os.close(file)
            print(digest(get("a")))
            """);
    }

    [Fact]
    public Task Map_TwoProcesses_SeeEachOther()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", bytes(8192))
            file = os.open("a", os.O_RDWR)
            map = mmap.mmap(file, 8192)
            def child():
                other = os.open("a", os.O_RDWR)
                own = mmap.mmap(other, 8192)
                own[4096:4101] = b"child"
                return 0 if own[:6] == b"parent" else 1
            map[:6] = b"parent"
            print(in_child(child), map[4096:4101])
            """);
    }

    [Fact]
    public async Task Map_WrittenAndClosed_SurvivesADroppedPageCache()
    {
        MountPrerequisites.RequireRoot();
        string directory = await mount.NewDirectoryAsync();
        ProcessOutcome written = await Shell.PythonAsync(
            """
            import hashlib, mmap, os
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(file, 20 << 20)
            map = mmap.mmap(file, 20 << 20)
            map[:] = hashlib.shake_256(b"map").digest(20 << 20)
            print(hashlib.sha256(map).hexdigest())
            """,
            directory);
        written.EnsureSucceeded();
        await MountedVolume.DropKernelCachesAsync();

        string read = await Shell.CheckAsync("sha256sum < a | cut -d' ' -f1", directory);

        Assert.Equal(written.Text, read);
    }

    [Fact]
    public Task Locks_OfRanges_ExcludeOtherProcesses()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", bytes(100))
            file = os.open("a", os.O_RDWR)
            fcntl.lockf(file, fcntl.LOCK_EX, 10, 0)
            fcntl.lockf(file, fcntl.LOCK_SH, 10, 20)
            def other():
                mine = os.open("a", os.O_RDWR)
                attempt("exclusive, held", fcntl.lockf, mine, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)
                attempt("exclusive, free", fcntl.lockf, mine, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 10)
                attempt("shared, shared", fcntl.lockf, mine, fcntl.LOCK_SH | fcntl.LOCK_NB, 10, 20)
                attempt("exclusive, shared", fcntl.lockf, mine, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
            print(in_child(other))
            other_descriptor = os.open("a", os.O_RDWR)
            os.close(other_descriptor)  # POSIX: any close of the file drops the process's locks
            def after():
                mine = os.open("a", os.O_RDWR)
                attempt("after the close", fcntl.lockf, mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
            print(in_child(after))
            """);
    }

    [Fact]
    public Task Locks_OfOpenFileDescriptions_LiveWithTheDescriptor()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", bytes(100))
            def ofd(file, kind):
                fcntl.fcntl(file, 37, struct.pack("hhqqi", kind, 0, 0, 0, 0))  # F_OFD_SETLK
            first = os.open("a", os.O_RDWR)
            second = os.open("a", os.O_RDWR)
            attempt("first", ofd, first, fcntl.F_WRLCK)
            attempt("second, held", ofd, second, fcntl.F_WRLCK)
            os.close(first)
            attempt("second, free", ofd, second, fcntl.F_WRLCK)
            """);
    }

    [Fact]
    public Task Flock_BetweenProcesses_WaitsAndIsReleasedAtExit()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"")
            ready, tell = os.pipe()
            tried, go = os.pipe()
            holder = os.fork()
            if holder == 0:
                file = os.open("a", os.O_RDWR)
                fcntl.flock(file, fcntl.LOCK_EX)
                os.write(tell, b"x")
                os.read(tried, 1)
                put("order", b"holder ", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os._exit(0)
            os.read(ready, 1)
            file = os.open("a", os.O_RDWR)
            attempt("not now", fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(go, b"x")
            fcntl.flock(file, fcntl.LOCK_EX)
            put("order", b"waiter", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.waitpid(holder, 0)
            print(get("order"))
            """);
    }

    [Fact]
    public Task Locks_WaitingForARange_AreInterruptible()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            import signal
            put("a", bytes(10))
            ready, tell = os.pipe()
            holder = os.fork()
            if holder == 0:
                file = os.open("a", os.O_RDWR)
                fcntl.lockf(file, fcntl.LOCK_EX)
                os.write(tell, b"x")
                time.sleep(600)
                os._exit(0)
            os.read(ready, 1)
            class Alarm(Exception): pass
            def ring(*_): raise Alarm()
            signal.signal(signal.SIGALRM, ring)
            file = os.open("a", os.O_RDWR)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                fcntl.lockf(file, fcntl.LOCK_EX)
                print("locked")
            except Alarm:
                print("interrupted")
            os.kill(holder, signal.SIGKILL)
            os.waitpid(holder, 0)
            fcntl.lockf(file, fcntl.LOCK_EX)
            print("locked after the holder's end")
            """);
    }
}
