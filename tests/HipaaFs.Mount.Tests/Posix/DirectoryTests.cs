using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>mkdir, rmdir, readdir, rename, mknod and names, as the local disk does them.</summary>
public sealed class DirectoryTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task MakeAndRemove_EveryCircumstance_GivesTheErrnoOfTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d")
            put("f", b"")
            os.symlink("d", "link")
            attempt("mkdir twice", os.mkdir, "d")
            attempt("mkdir over a file", os.mkdir, "f")
            attempt("mkdir over a link", os.mkdir, "link")
            attempt("mkdir below a file", os.mkdir, "f/x")
            attempt("mkdir below nothing", os.mkdir, "none/x")
            attempt("rmdir of a file", os.rmdir, "f")
            attempt("rmdir of a link", os.rmdir, "link")
            attempt("rmdir of nothing", os.rmdir, "none")
            attempt("rmdir of a dot", os.rmdir, "d/.")
            put("d/inner", b"")
            attempt("rmdir of a full one", os.rmdir, "d")
            attempt("unlink of a directory", os.unlink, "d")
            os.unlink("d/inner")
            attempt("rmdir", os.rmdir, "d")
            print(sorted(os.listdir(".")))
            """);
    }

    [Fact]
    public Task Links_OfDirectories_CountTheChildren()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d")
            print(os.stat("d").st_nlink)
            os.mkdir("d/a"); os.mkdir("d/b"); put("d/f", b"")
            print(os.stat("d").st_nlink)
            os.rename("d/a", "a")
            print(os.stat("d").st_nlink, os.stat("a").st_nlink)
            os.rmdir("d/b")
            print(os.stat("d").st_nlink)
            """);
    }

    [Fact]
    public Task Rename_EveryPairOfKinds_BehavesAsOnTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            def make(kind, name):
                if kind == "file": put(name, name.encode())
                if kind == "empty": os.mkdir(name)
                if kind == "full": os.mkdir(name); put(name + "/inner", b"")
                if kind == "link": os.symlink("target of " + name, name)
                if kind == "fifo": os.mkfifo(name)
            kinds = ["none", "file", "empty", "full", "link", "fifo"]
            for old in kinds:
                for new in kinds:
                    base = f"{old}-{new}"
                    os.mkdir(base)
                    make(old, base + "/old"); make(new, base + "/new")
                    attempt(base, os.rename, base + "/old", base + "/new")
                    print("  ", [(name, kind_and_mode(base + "/" + name)) for name in sorted(os.listdir(base))])
            """);
    }

    [Fact]
    public Task Rename_IntoItselfOrOntoItself_BehavesAsOnTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.makedirs("d/e/f")
            put("a", b"content")
            os.link("a", "b")
            attempt("into its child", os.rename, "d", "d/e/f/d")
            attempt("over its parent", os.rename, "d/e", "d")
            attempt("onto itself", os.rename, "a", "a")
            attempt("onto its hard link", os.rename, "a", "b")
            print(sorted(os.listdir(".")), os.stat("a").st_nlink)
            os.rename("d/e", "e")
            print(sorted(os.listdir("d")), sorted(os.listdir("e")), os.stat("e/..").st_ino == os.stat(".").st_ino)
            """);
    }

    [Fact]
    public Task Rename_NoReplaceAndExchange_ObeyTheFlags()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"file a"); put("b", b"file b")
            os.mkdir("d"); put("d/inner", b"inner")
            attempt("no replace over b", renameat2, "a", "b", RENAME_NOREPLACE)
            attempt("no replace to c", renameat2, "a", "c", RENAME_NOREPLACE)
            attempt("exchange files", renameat2, "b", "c", RENAME_EXCHANGE)
            print(get("b"), get("c"))
            attempt("exchange file and directory", renameat2, "b", "d", RENAME_EXCHANGE)
            print(get("d"), os.listdir("b"), os.stat(".").st_nlink)
            attempt("exchange with nothing", renameat2, "b", "none", RENAME_EXCHANGE)
            attempt("both flags", renameat2, "b", "c", RENAME_EXCHANGE | RENAME_NOREPLACE)
            """);
    }

    [Fact]
    public Task List_FiveThousandEntries_EachOnce()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("big")
            for i in range(5000):
                os.close(os.open("big/entry number %d with a name of some length" % i, os.O_CREAT | os.O_WRONLY, 0o644))
            names = os.listdir("big")
            print(len(names), len(set(names)), digest("\n".join(sorted(names)).encode()))
            kinds = [entry.is_file() and entry.stat().st_size == 0 for entry in os.scandir("big")]
            print(len(kinds), all(kinds))
            """, ChildProcess.LongTimeout);
    }

    [Fact]
    public Task List_WhileEntriesAreRemovedAndRenamed_OthersAppearExactlyOnce()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d")
            for i in range(2000):
                put("d/keep %d" % i, b"")
                put("d/drop %d" % i, b"")
            seen = []
            with os.scandir("d") as entries:
                for entry in entries:
                    seen.append(entry.name)
                    number = len(seen)
                    if number <= 1500:
                        os.unlink("d/drop %d" % (number - 1))
            keep = [name for name in seen if name.startswith("keep")]
            print(len(keep), len(set(keep)))
            print(len(os.listdir("d")))
            """, ChildProcess.LongTimeout);
    }

    [Fact]
    public Task List_DotsAndSeek_BehaveAsOnTheLocalDisk()
    {
        return PosixCase.ShellBehavesAsOnLocalDiskAsync(mount, """
            mkdir -p d/e && touch d/f
            ls -1a d | LC_ALL=C sort
            ls -id d/. d/e/.. | awk '{print $1}' | uniq | wc -l
            find . | LC_ALL=C sort
            rm -r d && ls -A
            """);
    }

    [Fact]
    public Task Names_LongestAndTooLong_BehaveAsOnTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("n" * 255, b"longest")
            print(get("n" * 255), os.listdir("."))
            attempt("256", os.open, "n" * 256, os.O_CREAT | os.O_WRONLY)
            attempt("stat of 256", os.stat, "n" * 256)
            attempt("mkdir of 256", os.mkdir, "n" * 256)
            attempt("rename to 256", os.rename, "n" * 255, "n" * 256)
            """);
    }

    [Fact]
    public Task Names_OfAnyBytes_StayWhatTheyAre()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            names = [bytes([value]) * 3 for value in range(1, 256) if value != ord("/")]
            names += [b"\xff\xfe not utf-8", "\u65e5\u672c\u8a9e".encode(), b"line\nfeed", b" ", b"...", b"-rf", b"e\xcc\x81", b"\xc3\xa9"]
            names = sorted(set(names) - {b".", b".."})
            os.mkdir("d")
            for name in names:
                put(b"d/" + name, name)
            print(sorted(os.listdir(b"d")) == names)
            print(all(get(b"d/" + name) == name for name in names))
            """);
    }

    [Fact]
    public Task Paths_DeeperThanPathMax_AreReachedStepByStep()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            start = os.open(".", os.O_RDONLY)
            for level in range(60):
                name = "level %d %s" % (level, "x" * 100)
                os.mkdir(name)
                os.chdir(name)
            put("bottom", b"reached")
            print(get("bottom"))
            os.fchdir(start)
            for level in range(60):
                os.chdir("level %d %s" % (level, "x" * 100))
            print(os.listdir("."))
            """);
    }

    [Fact]
    public Task MakeNode_EveryKind_BehavesAsOnTheLocalDisk()
    {
        HipaaFs.Testing.Mounts.MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            import socket
            os.mkfifo("fifo", 0o640)
            server = socket.socket(socket.AF_UNIX); server.bind("socket")
            os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            os.mknod("block", stat.S_IFBLK | 0o600, os.makedev(7, 99))
            os.mknod("plain", stat.S_IFREG | 0o644)
            for name in sorted(os.listdir(".")):
                status = os.lstat(name)
                print(name, kind_and_mode(name), os.major(status.st_rdev), os.minor(status.st_rdev))
            reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
            writer = os.open("fifo", os.O_WRONLY)
            os.write(writer, b"through")
            print(os.read(reader, 100))
            """);
    }

    [Fact]
    public Task SetGidDirectory_NewEntries_TakeItsGroup()
    {
        HipaaFs.Testing.Mounts.MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d")
            os.chown("d", 0, 4321)
            os.chmod("d", 0o2775)
            put("d/f", b"")
            os.mkdir("d/sub")
            os.symlink("x", "d/link")
            for name in ("d", "d/f", "d/sub", "d/link"):
                print(name, kind_and_mode(name), os.lstat(name).st_gid)
            """);
    }
}
