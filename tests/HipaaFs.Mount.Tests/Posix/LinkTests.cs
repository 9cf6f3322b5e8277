using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>Hard and symbolic links, as the local disk does them.</summary>
public sealed class LinkTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task HardLink_EveryCircumstance_BehavesAsOnTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"content")
            os.mkdir("d")
            os.symlink("a", "s")
            os.link("a", "b"); os.link("a", "d/c"); os.link("s", "t", follow_symlinks=False)
            print(os.stat("a").st_nlink, len({os.stat(name).st_ino for name in ("a", "b", "d/c")}))
            print(os.readlink("t"), os.lstat("t").st_nlink)
            put("b", b"changed by another name")
            print(get("d/c"))
            os.chmod("a", 0o600)
            print(kind_and_mode("d/c"))
            os.unlink("a")
            print(get("b"), os.stat("b").st_nlink)
            attempt("over an entry", os.link, "b", "s")
            attempt("of a directory", os.link, "d", "e")
            attempt("of nothing", os.link, "none", "e")
            attempt("below a file", os.link, "b", "b/x")
            os.rename("b", "d/c")
            print(sorted(os.listdir(".")), os.listdir("d"))
            """);
    }

    [Fact]
    public Task HardLinks_AThousandOfOneFile_AreCounted()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"content")
            for i in range(1000):
                os.link("a", "link %d" % i)
            print(os.stat("a").st_nlink)
            for i in range(0, 1000, 2):
                os.unlink("link %d" % i)
            print(os.stat("a").st_nlink, get("link 999"))
            """);
    }

    [Fact]
    public Task SymbolicLink_AnyTarget_IsKeptToTheByte()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            targets = [b"a", b"/absolute/path", b"../../x", b"\xff\xfe bytes", b"t" * 1000, b"u" * 4095]
            for number, target in enumerate(targets):
                os.symlink(target, b"link %d" % number)
            for number, target in enumerate(targets):
                print(os.readlink(b"link %d" % number) == target, os.lstat(b"link %d" % number).st_size == len(target))
            print(kind_and_mode("link 0"))
            attempt("too long", os.symlink, "v" * 4096, "too long")
            attempt("empty", os.symlink, "", "empty")
            attempt("over an entry", os.symlink, "x", "link 0")
            put("plain", b"")
            attempt("readlink of a file", os.readlink, "plain")
            """);
    }

    [Fact]
    public Task SymbolicLink_Followed_LeadsWhereItSays()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.makedirs("d/e"); put("d/e/f", b"found")
            os.symlink("d/e", "short"); os.symlink("loop b", "loop a"); os.symlink("loop a", "loop b"); os.symlink("none", "dangling")
            print(get("short/f"))
            attempt("loop", os.stat, "loop a")
            attempt("dangling", os.stat, "dangling")
            put("dangling", b"made through the link")
            print(get("none"), os.path.islink("dangling"))
            os.unlink("short")
            print(get("d/e/f"))
            """);
    }
}
