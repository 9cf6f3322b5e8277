using HipaaFs.Testing.Storage;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class DurableFileTests : IDisposable
{
    private const int NotFound = 2; // ENOENT
    private const int NotADirectory = 20; // ENOTDIR

    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Replace_NewAndExisting_LeavesOnePrivateFile()
    {
        DurableFile.Replace(_scratch["file"], "first"u8);
        Assert.Equal("first", File.ReadAllText(_scratch["file"]));
        DurableFile.Replace(_scratch["file"], "2"u8);

        Assert.Equal("2", File.ReadAllText(_scratch["file"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(_scratch["file"]));
        Assert.Single(Directory.GetFileSystemEntries(_scratch.FullPath));
    }

    [Fact]
    public async Task Replace_WhileOthersRead_IsSeenWhole()
    {
        const int length = 100_000;
        byte[] Pattern(int round) => [.. Enumerable.Repeat((byte)round, length)];
        DurableFile.Replace(_scratch["file"], Pattern(0));
        Task writer = Task.Run(() =>
        {
            for (int round = 1; round < 30; round++)
            {
                DurableFile.Replace(_scratch["file"], Pattern(round));
            }
        });

        do
        {
            byte[] read = await File.ReadAllBytesAsync(_scratch["file"]);
            Assert.Equal(length, read.Length);
            Assert.Equal(-1, read.AsSpan().IndexOfAnyExcept(read[0]));
        }
        while (!writer.IsCompleted);
        await writer;
    }

    [Fact]
    public void Replace_NameIsADirectory_FailsAndLeavesNothing()
    {
        Directory.CreateDirectory(_scratch["file"]);
        Assert.ThrowsAny<Exception>(() => DurableFile.Replace(_scratch["file"], "x"u8));
        Assert.Single(Directory.GetFileSystemEntries(_scratch.FullPath));
    }

    [Fact]
    public void TryLink_GivesASecondNameToTheSameFile()
    {
        File.WriteAllText(_scratch["one"], "content");

        Assert.True(DurableFile.TryLink(_scratch["one"], _scratch["two"], out bool exists));
        Assert.False(exists);
        Assert.Equal(FileStatus.Of(_scratch["one"])!.Value.Inode, FileStatus.Of(_scratch["two"])!.Value.Inode);
    }

    [Fact]
    public void TryLink_NameTaken_SaysSoAndLeavesIt()
    {
        File.WriteAllText(_scratch["one"], "one");
        File.WriteAllText(_scratch["two"], "two");

        Assert.False(DurableFile.TryLink(_scratch["one"], _scratch["two"], out bool exists));
        Assert.True(exists);
        Assert.Equal("two", File.ReadAllText(_scratch["two"]));
    }

    [Fact]
    public void TryLink_AcrossFileSystems_IsFalse()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "no /dev/shm");
        using var elsewhere = new ScratchDirectory("/dev/shm");
        Assert.SkipWhen(FileStatus.Of(elsewhere.FullPath)!.Value.Device == FileStatus.Of(_scratch.FullPath)!.Value.Device, "one file system");
        File.WriteAllText(_scratch["one"], "one");

        Assert.False(DurableFile.TryLink(_scratch["one"], elsewhere["two"], out bool exists));
        Assert.False(exists);
    }

    [Fact]
    public void TryLink_SourceMissing_ThrowsWithErrno()
    {
        Assert.Equal(NotFound, Assert.Throws<IOException>(() => DurableFile.TryLink(_scratch["none"], _scratch["two"], out _)).HResult);
    }

    [Fact]
    public void Rename_ReplacesTheTarget()
    {
        File.WriteAllText(_scratch["one"], "one");
        File.WriteAllText(_scratch["two"], "two");
        DurableFile.Rename(_scratch["one"], _scratch["two"]);

        Assert.Equal("one", File.ReadAllText(_scratch["two"]));
        Assert.False(File.Exists(_scratch["one"]));
        Assert.Equal(NotFound, Assert.Throws<IOException>(() => DurableFile.Rename(_scratch["one"], _scratch["two"])).HResult);
    }

    [Fact]
    public void TryRenameNew_OnlyToAFreeName()
    {
        File.WriteAllText(_scratch["one"], "one");
        Assert.True(DurableFile.TryRenameNew(_scratch["one"], _scratch["two"], out bool exists));
        Assert.False(exists);

        File.WriteAllText(_scratch["one"], "again");
        Assert.False(DurableFile.TryRenameNew(_scratch["one"], _scratch["two"], out exists));
        Assert.True(exists);
        Assert.Equal("one", File.ReadAllText(_scratch["two"]));
    }

    [Fact]
    public void TryCreatePrivateDirectory_OneLevelOnly()
    {
        Assert.True(DurableFile.TryCreatePrivateDirectory(_scratch["d"]));
        Assert.False(DurableFile.TryCreatePrivateDirectory(_scratch["d"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(_scratch["d"]));
        Assert.Equal(NotFound, Assert.Throws<IOException>(() => DurableFile.TryCreatePrivateDirectory(_scratch["none/d"])).HResult);
    }

    [Fact]
    public void CreatePrivateDirectory_MakesParents()
    {
        DurableFile.CreatePrivateDirectory(_scratch["a/b/c"]);
        Assert.True(Directory.Exists(_scratch["a/b/c"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(_scratch["a/b/c"]));
    }

    [Fact]
    public void EnsureDirectory_MakesParentsAndKeepsWhatIsThere()
    {
        DurableFile.EnsureDirectory(_scratch["a/b/c"]);
        DurableFile.EnsureDirectory(_scratch["a/b"]);
        DurableFile.EnsureDirectory(_scratch["a/b/c/"]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(_scratch["a/b/c"]));
        File.WriteAllText(_scratch["file"], "");
        Assert.Equal(NotADirectory, Assert.Throws<IOException>(() => DurableFile.EnsureDirectory(_scratch["file"])).HResult);
    }

    [Fact]
    public void CreatePrivate_Twice_IsRefused()
    {
        using SafeFileHandle file = DurableFile.CreatePrivate(_scratch["file"]);
        RandomAccess.Write(file, "content"u8, 0);
        DurableFile.SyncData(file);

        Assert.Equal(17, Assert.Throws<IOException>(() => DurableFile.CreatePrivate(_scratch["file"])).HResult); // EEXIST
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(_scratch["file"]));
    }

    [Fact]
    public void OpenRead_TakesNoLockAndTellsErrno()
    {
        File.WriteAllText(_scratch["file"], "content");
        using (SafeFileHandle file = DurableFile.OpenRead(_scratch["file"]))
        using (var exclusive = new FileStream(_scratch["file"], FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(7, RandomAccess.GetLength(file));
        }

        Assert.Equal(NotFound, Assert.Throws<IOException>(() => DurableFile.OpenRead(_scratch["none"])).HResult);
    }

    [Fact]
    public void SyncDirectory_MissingDirectory_Throws()
    {
        DurableFile.SyncDirectory(_scratch.FullPath);
        Assert.Equal(NotFound, Assert.Throws<IOException>(() => DurableFile.SyncDirectory(_scratch["none"])).HResult);
    }

    [Fact]
    public void PunchAndAllocate_KeepTheSize()
    {
        using SafeFileHandle file = DurableFile.CreatePrivate(_scratch["file"]);
        RandomAccess.Write(file, Enumerable.Repeat((byte)7, 65536).ToArray(), 0);
        Assert.SkipUnless(DurableFile.TryPunchHole(file, 0, 32768), "no holes here");
        byte[] read = new byte[65536];
        RandomAccess.Read(file, read, 0);

        Assert.Equal(32768, read.AsSpan().IndexOf((byte)7));
        Assert.True(DurableFile.TryAllocate(file, 65536, 65536));
        Assert.Equal(65536, RandomAccess.GetLength(file));
    }

    private static UnixFileMode ModeOf(string path)
    {
        return OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);
    }
}
