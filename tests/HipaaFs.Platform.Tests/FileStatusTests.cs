using System.Runtime.CompilerServices;
using HipaaFs.Platform.Interop;
using HipaaFs.Testing.Storage;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class FileStatusTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Interop_Structures_HaveTheKernelsSizes()
    {
        Assert.Equal(256, Unsafe.SizeOf<Statx>());
        Assert.Equal(16, Unsafe.SizeOf<StatxTimestamp>());
        Assert.Equal(120, Unsafe.SizeOf<Statfs>());
    }

    [Fact]
    public void Of_File_AgreesWithTheLibrary()
    {
        File.WriteAllText(_scratch["file"], "12345");
        DateTime written = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_scratch["file"], written.AddTicks(7));
        FileStatus status = FileStatus.Of(_scratch["file"])!.Value;

        Assert.Equal(FileStatusKind.Regular, status.Kind);
        Assert.Equal(5, status.Length);
        Assert.Equal(1u, status.Links);
        Assert.Equal((written - DateTime.UnixEpoch).Ticks * 100 + 700, status.ModifiedNanoseconds);
        Assert.True(status.ChangedNanoseconds > status.ModifiedNanoseconds);
        Assert.NotEqual(0ul, status.Inode);
    }

    [Fact]
    public void Of_OpenFile_IsTheSameAsOfItsName()
    {
        File.WriteAllText(_scratch["file"], "12345");
        using SafeFileHandle file = DurableFile.OpenRead(_scratch["file"]);

        Assert.Equal(FileStatus.Of(_scratch["file"])!.Value, FileStatus.Of(file));
    }

    [Fact]
    public void Of_OtherKinds_AreToldApart()
    {
        File.WriteAllText(_scratch["file"], "12345");
        File.CreateSymbolicLink(_scratch["link"], _scratch["file"]);

        Assert.Equal(FileStatusKind.Directory, FileStatus.Of(_scratch.FullPath)!.Value.Kind);
        Assert.Equal(FileStatusKind.Other, FileStatus.Of(_scratch["link"])!.Value.Kind);
        Assert.Null(FileStatus.Of(_scratch["none"]));
        Assert.Null(FileStatus.Of(_scratch["file/below"]));
    }

    [Fact]
    public void Of_NameTooLong_ThrowsWithErrno()
    {
        Assert.Equal(36, Assert.Throws<IOException>(() => FileStatus.Of(_scratch[new string('x', 300)])).HResult); // ENAMETOOLONG
    }
}
