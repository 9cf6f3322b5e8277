using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>open, read, write, truncate, unlink and rename of regular files, as the local disk does them.</summary>
public sealed class FileContentTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task Calls_WhileTimersSignalTheProgram_AreNotInterrupted()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            import signal
            signal.signal(signal.SIGALRM, lambda *_: None)
            put("a", bytes(range(256)) * 4096)
            file, synchronous = os.open("a", os.O_RDWR), os.open("b", os.O_RDWR | os.O_CREAT | os.O_SYNC)
            failed = set()
            def call(name, *arguments):
                # Python itself would call again after EINTR.
                if getattr(libc, name)(*arguments) < 0:
                    failed.add((name, errno.errorcode[ctypes.get_errno()]))
            long = ctypes.c_longlong
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            for i in range(100):
                os.pwrite(file, b"%d" % i, i * 4096)
                call("fsync", file)
                call("fallocate", file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, long(i * 5000), long(4096))
                call("pwrite", synchronous, b"content", ctypes.c_size_t(7), long(i * 7))
                call("ftruncate", synchronous, long(i * 5))
            signal.setitimer(signal.ITIMER_REAL, 0)
            print(sorted(failed))
            """);
    }

    [Fact]
    public Task Write_StartMiddleAndEnd_ReadsBack()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", pattern(100_000))
            file = os.open("a", os.O_RDWR)
            os.pwrite(file, b"first", 0)
            os.pwrite(file, b"across a page", 4090)
            os.pwrite(file, b"across a frame", 16380)
            os.pwrite(file, b"past the end", 99_995)
            print(digest(os.pread(file, 200_000, 0)), os.fstat(file).st_size)
            os.fsync(file)
            os.close(file)
            print(digest(get("a")), os.stat("a").st_size)
            """);
    }

    [Fact]
    public Task Write_ManySmallOverwrites_LastOneWins()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            import random
            dice = random.Random(7)
            put("a", bytes(300_000))
            file = os.open("a", os.O_RDWR)
            for i in range(3000):
                os.pwrite(file, pattern(dice.randrange(1, 5000), i), dice.randrange(0, 300_000))
                if i % 500 == 250:
                    os.fsync(file)
                if i % 700 == 350:
                    os.ftruncate(file, dice.randrange(100_000, 320_000))
            print(digest(os.pread(file, 1 << 20, 0)))
            os.close(file)
            print(digest(get("a")), os.stat("a").st_size)
            """);
    }

    [Fact]
    public Task Read_PastTheEnd_ReturnsNothing()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"12345")
            file = os.open("a", os.O_RDONLY)
            print(os.pread(file, 10, 3), os.pread(file, 10, 5), os.pread(file, 10, 1 << 40))
            """);
    }

    [Fact]
    public Task Append_FromFourProcesses_LosesNoRecord()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            def writer(number):
                file = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                for i in range(500):
                    os.write(file, b"%d %04d %s\n" % (number, i, b"x" * (number * 37 + i % 50)))
            children = []
            for number in range(4):
                child = os.fork()
                if child == 0:
                    writer(number)
                    os._exit(0)
                children.append(child)
            print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
            lines = get("log").split(b"\n")
            print(len(lines), digest(b"\n".join(sorted(lines))))
            for number in range(4):
                own = [line for line in lines if line.startswith(b"%d " % number)]
                print(number, len(own), own == sorted(own, key=lambda line: line.split()[1]))
            """);
    }

    [Fact]
    public Task Truncate_ShorterThenLonger_LeavesZeros()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", pattern(50_000))
            os.truncate("a", 10_001)
            os.truncate("a", 40_000)
            content = get("a")
            print(len(content), digest(content), content[10_001:] == bytes(29_999))
            os.truncate("a", 0)
            print(os.stat("a").st_size, get("a"))
            attempt("directory", os.truncate, ".", 0)
            attempt("missing", os.truncate, "none", 0)
            attempt("negative", os.truncate, "a", -1)
            """);
    }

    [Fact]
    public Task Open_EveryFlag_ObeysIt()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"content")
            os.symlink("a", "link")
            os.mkdir("d")
            attempt("exclusive", os.open, "a", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            attempt("exclusive over a link", os.open, "link", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            attempt("no follow", os.open, "link", os.O_RDONLY | os.O_NOFOLLOW)
            attempt("directory wanted", os.open, "a", os.O_RDONLY | os.O_DIRECTORY)
            attempt("directory to write", os.open, "d", os.O_WRONLY)
            attempt("below a file", os.open, "a/b", os.O_CREAT | os.O_WRONLY)
            attempt("missing", os.open, "none", os.O_RDONLY)
            attempt("trailing slash", os.open, "none/", os.O_CREAT | os.O_WRONLY)
            file = os.open("a", os.O_RDONLY)
            attempt("write on a reader", os.write, file, b"x")
            file = os.open("a", os.O_WRONLY)
            attempt("read on a writer", os.read, file, 1)
            os.close(os.open("a", os.O_WRONLY | os.O_TRUNC))
            print(os.stat("a").st_size)
            print(kind_and_mode("a"))
            os.close(os.open("m", os.O_CREAT | os.O_RDWR, 0o4751))
            print(kind_and_mode("m"))
            """);
    }

    [Fact]
    public Task Unlink_WhileOpen_KeepsTheContentUntilClose()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", pattern(200_000))
            file = os.open("a", os.O_RDWR)
            os.unlink("a")
            attempt("gone", os.stat, "a")
            os.pwrite(file, b"still mine", 150_000)
            print(digest(os.pread(file, 1 << 20, 0)), os.fstat(file).st_nlink, os.fstat(file).st_size)
            os.fsync(file)
            os.fchmod(file, 0o600)
            os.ftruncate(file, 1000)
            print(digest(os.pread(file, 1 << 20, 0)), "%o" % os.fstat(file).st_mode)
            put("a", b"another")
            print(get("a"), os.fstat(file).st_size)
            os.close(file)
            print(os.listdir("."))
            """);
    }

    [Fact]
    public Task Rename_OverAnOpenFile_OldDescriptorKeepsOldContent()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("old", b"old content")
            put("new", b"new content!")
            reader = os.open("old", os.O_RDWR)
            writer = os.open("new", os.O_RDWR)
            os.rename("new", "old")
            print(os.pread(reader, 100, 0), os.fstat(reader).st_nlink)
            print(os.pread(writer, 100, 0), os.fstat(writer).st_nlink)
            os.pwrite(reader, b"OLD", 0)
            os.pwrite(writer, b"NEW", 0)
            print(get("old"), os.pread(reader, 100, 0))
            print(sorted(os.listdir(".")))
            """);
    }

    [Fact]
    public Task DirectIo_AlignedBlocks_SameBytesAsBuffered()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            block = mmap.mmap(-1, 65536)
            block.write(pattern(65536))
            file = os.open("a", os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o644)
            for i in range(8):
                os.pwrite(file, block, i * 65536)
            print(os.fstat(file).st_size, digest(get("a")))
            back = mmap.mmap(-1, 65536)
            print(os.preadv(file, [back], 3 * 65536), bytes(back) == bytes(block))
            print(os.preadv(file, [back], 8 * 65536))
            buffered = os.open("a", os.O_RDWR)
            os.pwrite(buffered, b"buffered", 65536)
            print(os.preadv(file, [back], 65536), bytes(back[:8]))
            os.pwrite(file, block, 65536)
            print(os.pread(buffered, 8, 65536) == bytes(block[:8]))
            """);
    }

    [Fact]
    public Task TemporaryFile_Linked_AppearsWhole()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o640)
            os.write(file, pattern(30_000))
            print(os.listdir("."), os.fstat(file).st_nlink)
            check(libc.linkat(AT_FDCWD, b"/proc/self/fd/%d" % file, AT_FDCWD, b"a", 0x400))
            print(os.listdir("."), os.fstat(file).st_nlink, kind_and_mode("a"), digest(get("a")))
            other = os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o600)
            attempt("exclusive", lambda: check(
                libc.linkat(AT_FDCWD, b"/proc/self/fd/%d" % other, AT_FDCWD, b"b", 0x400)))
            """);
    }

    [Fact]
    public Task Create_ModeAndUmask_GiveTheMode()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            for mask in (0, 0o022, 0o077, 0o777):
                os.umask(mask)
                os.close(os.open("f%o" % mask, os.O_CREAT | os.O_WRONLY, 0o666))
                os.mkdir("d%o" % mask, 0o777)
                os.mknod("p%o" % mask, stat.S_IFIFO | 0o666)
                print(kind_and_mode("f%o" % mask), kind_and_mode("d%o" % mask), kind_and_mode("p%o" % mask))
            """);
    }

    [Fact]
    public Task Sync_EveryKind_Succeeds()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            file = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
            os.write(file, pattern(10_000))
            attempt("fdatasync", os.fdatasync, file)
            attempt("fsync", os.fsync, file)
            attempt("syncfs", lambda: check(libc.syncfs(file)))
            directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
            attempt("fsync of a directory", os.fsync, directory)
            synchronous = os.open("b", os.O_RDWR | os.O_CREAT | os.O_SYNC, 0o644)
            attempt("O_SYNC", os.write, synchronous, pattern(10_000))
            print(digest(get("a")), digest(get("b")))
            """);
    }
}
