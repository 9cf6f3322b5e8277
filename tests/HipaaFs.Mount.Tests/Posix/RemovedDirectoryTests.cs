using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>A directory that is removed while somebody has it open or works in it: rmdir(2), rename(2), fstat(2), chdir(2).</summary>
public sealed class RemovedDirectoryTests(SharedMount mount) : IClassFixture<SharedMount>
{
    [Fact]
    public Task Fstat_OfARemovedOpenDirectory_TellsWhatItWas()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d", 0o750)
            file = os.open("d", os.O_RDONLY | os.O_DIRECTORY)
            inode = os.fstat(file).st_ino
            os.rmdir("d")
            now = os.fstat(file)
            print(stat.filemode(now.st_mode), now.st_nlink, now.st_ino == inode, now.st_uid)
            attempt("chmod", os.fchmod, file, 0o700)
            os.utime(file, (1, 2))
            now = os.fstat(file)
            print(stat.filemode(now.st_mode), now.st_nlink, now.st_mtime)
            print(outcome(os.listdir, file))
            attempt("mkdir", os.mkdir, "inner", dir_fd=file)
            attempt("fsync", os.fsync, file)
            os.close(file)
            os.mkdir("d")
            print(os.stat("d").st_nlink)
            """);
    }

    [Fact]
    public Task Fstat_OfADirectoryThatARenameReplaced_HasNoLinks()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("old"); os.mkdir("new")
            file = os.open("old", os.O_RDONLY | os.O_DIRECTORY)
            os.rename("new", "old")
            print(os.fstat(file).st_nlink, os.stat("old").st_nlink)
            """);
    }

    [Fact]
    public Task Stat_OfARemovedWorkingDirectory_Works()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            os.mkdir("d")
            os.chdir("d")
            os.rmdir("../d")
            print(os.stat(".").st_nlink, outcome(os.getcwd), outcome(os.stat, "..") == "ENOENT")
            attempt("open", os.open, ".", os.O_RDONLY | os.O_DIRECTORY)
            attempt("create", os.open, "file", os.O_WRONLY | os.O_CREAT)
            """);
    }

    [Fact]
    public Task Fstat_ByAPathDescriptorOfARemovedFile_TellsWhatItWas()
    {
        return PosixCase.BehavesAsOnLocalDiskAsync(mount, """
            put("a", pattern(1000))
            file = os.open("a", os.O_PATH)
            os.unlink("a")
            print(os.fstat(file).st_nlink, os.fstat(file).st_size)
            """);
    }
}
