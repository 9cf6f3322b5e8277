using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>Modes, owners, times, extended attributes and access control lists, as the local disk does them.</summary>
public sealed class AttributeTests(SharedMount mount) : IClassFixture<SharedMount>
{
    private const string Nobody = "65534";

    [Fact]
    public Task Times_InNanoseconds_AreKept()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"")
            os.mkdir("d"); os.symlink("a", "s")
            for name in ("a", "d", "s"):
                for moment in (0, 1, 999_999_999, 1_700_000_000_123_456_789, 4_102_444_800_000_000_001, -1_000_000_001):
                    os.utime(name, ns=(moment, moment + 1), follow_symlinks=False)
                    status = os.lstat(name)
                    print(name, status.st_atime_ns - moment, status.st_mtime_ns - moment)
            utimensat("a", (5, 5), (6, 6))
            utimensat("a", (0, UTIME_OMIT), (7, 7))
            print(os.stat("a").st_atime_ns, os.stat("a").st_mtime_ns)
            utimensat("a", (8, 8), (0, UTIME_OMIT))
            print(os.stat("a").st_atime_ns, os.stat("a").st_mtime_ns)
            utimensat("a", (8, 8), (0, UTIME_NOW))
            print(abs(os.stat("a").st_mtime - time.time()) < 5, os.stat("a").st_atime_ns)
            """);
    }

    [Fact]
    public Task Times_AfterEachOperation_MoveAsOnTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            def moved(label, work, *names):
                for name in names:
                    os.utime(name, ns=(10**18, 10**18), follow_symlinks=False)
                before = {name: os.lstat(name) for name in names}
                time.sleep(0.02)
                work()
                for name in names:
                    after = os.lstat(name)
                    print(label, name, "m" if after.st_mtime_ns != before[name].st_mtime_ns else "-",
                          "c" if after.st_ctime_ns != before[name].st_ctime_ns else "-")
            put("a", b"content"); os.mkdir("d"); put("d/f", b"")
            moved("write", lambda: put("a", b"x", os.O_WRONLY), "a")
            moved("append", lambda: put("a", b"x", os.O_WRONLY | os.O_APPEND), "a")
            moved("truncate", lambda: os.truncate("a", 1), "a")
            moved("open with O_TRUNC", lambda: put("a", b""), "a")
            moved("read", lambda: get("a"), "a")
            moved("chmod", lambda: os.chmod("a", 0o600), "a")
            moved("chown", lambda: os.chown("a", os.getuid(), os.getgid()), "a")
            moved("setxattr", lambda: os.setxattr("a", "user.x", b"1"), "a")
            moved("link", lambda: os.link("a", "d/hard"), "a", "d")
            moved("unlink", lambda: os.unlink("d/hard"), "a", "d")
            moved("create", lambda: put("d/new", b""), "d")
            moved("mkdir", lambda: os.mkdir("d/dir"), "d")
            moved("rename", lambda: os.rename("d/new", "new"), "d", ".")
            moved("rename over", lambda: os.rename("new", "d/f"), "d", ".")
            moved("rmdir", lambda: os.rmdir("d/dir"), "d")
            moved("symlink", lambda: os.symlink("x", "d/s"), "d")
            moved("look", lambda: (os.stat("d"), os.listdir("d")), "d")
            """);
    }

    [Fact]
    public Task Times_OfTwoFiles_AreInTheOrderOfTheChanges()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("written", b"")
            inOrder = True
            file = os.open("written", os.O_WRONLY)
            for i in range(500):
                os.mkdir("made%d" % i)
                os.pwrite(file, b"x", i)
                inOrder &= os.stat("made%d" % i).st_mtime_ns <= os.stat("written").st_mtime_ns
            print(inOrder)
            """);
    }

    [Fact]
    public Task Mode_EveryBit_IsKept()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b""); os.mkdir("d"); os.symlink("a", "s")
            for mode in list(range(0, 0o1000, 0o111)) + [0o1777, 0o2755, 0o4755, 0o6711, 0o7777]:
                os.chmod("a", mode); os.chmod("d", mode)
                print(kind_and_mode("a"), kind_and_mode("d"))
            os.chmod("s", 0o640)
            print(kind_and_mode("a"))
            """);
    }

    [Fact]
    public Task Owner_Changed_DropsSetUidAsOnTheLocalDisk()
    {
        MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b""); os.symlink("a", "s"); os.mkdir("d")
            for name in ("a", "d"):
                os.chmod(name, 0o6755)
                os.chown(name, 1234, 5678)
                print(os.stat(name).st_uid, os.stat(name).st_gid, kind_and_mode(name))
            os.chown("a", -1, 4294967294)
            print(os.stat("a").st_uid, os.stat("a").st_gid)
            os.lchown("s", 77, 88)
            print(os.lstat("s").st_uid, os.lstat("s").st_gid, os.stat("a").st_uid)
            """);
    }

    [Fact]
    public Task Write_ByAnotherUser_DropsSetUid()
    {
        MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"content"); os.chmod("a", 0o6777)
            put("t", b"content"); os.chmod("t", 0o6777)
            print(as_user(65534, lambda: put("a", b"x", os.O_WRONLY)), kind_and_mode("a"))
            print(as_user(65534, lambda: os.truncate("t", 1)), kind_and_mode("t"))
            """);
    }

    [Fact]
    public Task WritePastThePageCache_ByAnotherUser_DropsSetUid()
    {
        MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            def write():
                page = mmap.mmap(-1, 4096)
                file = os.open(name, os.O_WRONLY | os.O_DIRECT)
                print(os.write(file, page))
                os.close(file)
            def mode():
                # It asks for the mode alone, which a kernel may have kept while it forgot size and times.
                return os.popen("stat -c %a " + name).read().strip()
            for bits in (0o4666, 0o2676, 0o6777, 0o666):
                for size in (8192, 15):
                    for owner in (0, 65534):
                        name = "f%o-%d-%d" % (bits, size, owner)
                        put(name, bytes(size)); os.chown(name, owner, owner); os.chmod(name, bits)
                        file = os.open(name, os.O_RDONLY); os.fsync(file); os.close(file)
                        print(mode(), as_user(65534, write), mode())
            """);
    }

    [Fact]
    public Task FallocateAndCopyFileRange_ByAnotherUser_DropSetUid()
    {
        MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            long = ctypes.c_longlong
            put("source", b"content" * 1000)
            def allocate(mode):
                file = os.open(name, os.O_WRONLY)
                print(outcome(check, libc.fallocate(file, mode, long(4096), long(4096))), kind_and_mode(name))
                os.close(file)
            def copy():
                source, file = os.open("source", os.O_RDONLY), os.open(name, os.O_WRONLY)
                print(os.copy_file_range(source, file, 100), kind_and_mode(name))
            def bits():
                return os.popen("stat -c %a " + name).read().strip()
            def change():
                copy() if how is None else allocate(how)
            for how in (0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE, None):
                for mode in (0o6666, 0o2676, 0o6766, 0o6777, 0o666):
                    for user in (65534, 0):
                        name = "f%s-%o-%d" % (how, mode, user)
                        put(name, bytes(20000)); os.chmod(name, mode)
                        print(bits(), as_user(user, change), bits())
            """);
    }

    [Fact]
    public Task Access_ByAnotherUser_FollowsTheModeBits()
    {
        MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("closed", 0o700); put("closed/f", b""); os.mkdir("sticky"); os.chmod("sticky", 0o1777); put("sticky/mine", b"")
            put("private", b"secret", mode=0o600); put("readable", b"open"); os.mkdir("theirs"); os.chown("theirs", 65534, 65534)
            def look():
                attempt("read private", get, "private")
                attempt("read readable", get, "readable")
                attempt("write readable", put, "readable", b"x")
                attempt("enter closed", os.stat, "closed/f")
                attempt("create here", put, "theirs/new", b"x")
                attempt("remove from sticky", os.unlink, "sticky/mine")
                attempt("rename from sticky", os.rename, "sticky/mine", "sticky/other")
                attempt("add to sticky", put, "sticky/own", b"x")
                attempt("chmod of another's", os.chmod, "readable", 0o777)
                attempt("chown of another's", os.chown, "readable", 65534, 65534)
                attempt("times of another's", os.utime, "readable", (1, 1))
                attempt("give away", os.chown, "theirs/new", 0, 0)
            print(as_user(65534, look))
            print(os.stat("theirs/new").st_uid, os.stat("theirs/new").st_gid)
            """);
    }

    [Fact]
    public Task Xattr_EveryCircumstance_BehavesAsOnTheLocalDisk()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b""); os.mkdir("d"); os.symlink("a", "s")
            for name in ("a", "d"):
                os.setxattr(name, "user.text", b"value")
                os.setxattr(name, "user.empty", b"")
                os.setxattr(name, "user.binary", bytes(range(256)))
                print(sorted(os.listxattr(name)), os.getxattr(name, "user.empty"), digest(os.getxattr(name, "user.binary")))
            attempt("create over", os.setxattr, "a", "user.text", b"x", os.XATTR_CREATE)
            attempt("replace nothing", os.setxattr, "a", "user.none", b"x", os.XATTR_REPLACE)
            attempt("replace", os.setxattr, "a", "user.text", b"other", os.XATTR_REPLACE)
            print(os.getxattr("a", "user.text"))
            attempt("get nothing", os.getxattr, "a", "user.none")
            attempt("remove nothing", os.removexattr, "a", "user.none")
            attempt("no namespace", os.setxattr, "a", "text", b"x")
            attempt("only a namespace", os.setxattr, "a", "user.", b"x")
            attempt("name of 255", os.setxattr, "a", "user." + "n" * 250, b"x")
            attempt("name of 256", os.setxattr, "a", "user." + "n" * 251, b"x")
            attempt("user on a link", os.setxattr, "s", "user.x", b"x", follow_symlinks=False)
            attempt("value of 64 KiB and one", os.setxattr, "a", "user.big", bytes(65537))
            buffer = ctypes.create_string_buffer(2)
            attempt("short buffer", lambda: check(libc.getxattr(b"a", b"user.text", buffer, 2)))
            attempt("short list", lambda: check(libc.listxattr(b"a", buffer, 2)))
            print(libc.getxattr(b"a", b"user.text", None, 0))
            os.removexattr("a", "user.text")
            print(sorted(os.listxattr("a")))
            os.unlink("a")
            put("a", b"")
            print(os.listxattr("a"))
            """);
    }

    [Fact]
    public async Task Xattr_OfSixtyFourKibibytes_IsKept()
    {
        MountedVolume volume = await mount.GetAsync();
        ProcessOutcome outcome = await Shell.PythonAsync(
            """
            import os
            open("holder", "wb").close()
            value = os.urandom(65536)
            os.setxattr("holder", "user.big", value)
            for i in range(200):
                os.setxattr("holder", "user.many.%d" % i, b"%d" % i)
            assert os.getxattr("holder", "user.big") == value
            assert len(os.listxattr("holder")) == 201
            """,
            volume.Root);
        outcome.EnsureSucceeded();
    }

    [Fact]
    public Task Xattr_TrustedAndSecurity_AreForRoot()
    {
        MountPrerequisites.RequireRoot();
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", b"", mode=0o666); os.symlink("a", "s")
            os.setxattr("a", "trusted.x", b"1")
            os.setxattr("s", "trusted.y", b"2", follow_symlinks=False)
            print(os.getxattr("a", "trusted.x"), os.getxattr("s", "trusted.y", follow_symlinks=False))
            def look():
                attempt("get trusted", os.getxattr, "a", "trusted.x")
                attempt("set trusted", os.setxattr, "a", "trusted.z", b"1")
                attempt("set user", os.setxattr, "a", "user.z", b"1")
            print(as_user(65534, look))
            """);
    }

    [Fact]
    public Task Acl_DefaultAndAccess_InheritAsOnTheLocalDisk()
    {
        MountPrerequisites.RequirePrograms("setfacl", "getfacl");
        return PosixCase.ShellBehavesAsOnLocalDiskAsync(mount, """
            show() { getfacl -n --omit-header -- "$@" ; stat -c '%A %n' -- "$@"; }
            mkdir d && touch plain
            setfacl -m u:1001:rw,g:2002:r plain; show plain
            chmod 0640 plain; show plain
            chmod 0600 plain; show plain
            setfacl -m m::rwx plain; show plain
            setfacl -x u:1001 plain; show plain
            setfacl -b plain; show plain
            setfacl -d -m u:1001:rwx,g:2002:rx,o::- d; show d
            touch d/file; mkdir d/sub; touch d/sub/file; ln -s x d/link
            show d/file d/sub d/sub/file
            (umask 077; touch d/masked; mkdir d/masked-dir; show d/masked d/masked-dir)
            setfacl -k d; show d
            setfacl -m u:1001:rwx d; touch d/later; show d d/later
            cp -a d copy; show copy copy/file copy/sub
            """);
    }

    [Fact]
    public Task Acl_NamedUser_MayWhatTheEntrySays()
    {
        MountPrerequisites.RequireRoot();
        MountPrerequisites.RequirePrograms("setfacl");
        return PosixCase.ShellBehavesAsOnLocalDiskAsync(mount, $$"""
            as() { setpriv --reuid {{Nobody}} --regid {{Nobody}} --clear-groups -- "$@" 2>&1 || echo "denied"; }
            echo content > a; chmod 0600 a
            as cat a
            setfacl -m u:{{Nobody}}:r a
            as cat a
            as sh -c 'echo x >> a'
            setfacl -m u:{{Nobody}}:rw a
            as sh -c 'echo more >> a' && cat a
            setfacl -m m::r a
            as sh -c 'echo x >> a'
            setfacl -b a
            as cat a
            """);
    }

    [Fact]
    public Task Touch_WithADate_ShowsIt()
    {
        return PosixCase.ShellBehavesAsOnLocalDiskAsync(mount, """
            touch -d '2001-02-03 04:05:06.123456789' a; stat -c '%x|%y' a
            touch -a -d '1969-12-31 23:59:59.5' a; stat -c '%x|%y' a
            touch -r a b; stat -c '%x|%y' b
            cp -p a c; stat -c '%y' c
            """);
    }
}
