using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class FileSystemKindTests
{
    [Theory]
    [InlineData(0x6969u, "nfs", FileSystemClass.Network)]
    [InlineData(0xFF534D42u, "cifs", FileSystemClass.Network)]
    [InlineData(0xFE534D42u, "smb2", FileSystemClass.Network)]
    [InlineData(0x0BD00BD0u, "lustre", FileSystemClass.Network)]
    [InlineData(0x00C36400u, "ceph", FileSystemClass.Network)]
    [InlineData(0x65735546u, "fuse", FileSystemClass.UserSpace)]
    [InlineData(0x01021994u, "tmpfs", FileSystemClass.Memory)]
    [InlineData(0xEF53u, "ext4", FileSystemClass.Local)]
    [InlineData(0x58465342u, "xfs", FileSystemClass.Local)]
    [InlineData(0x12345u, "0x00012345", FileSystemClass.Local)]
    public void FromMagic_KnowsTheNumber(uint magic, string name, FileSystemClass expected)
    {
        FileSystemKind kind = FileSystemKind.FromMagic(magic);
        Assert.Equal(new FileSystemKind(name, expected), kind);
        Assert.Equal(expected == FileSystemClass.Network, kind.IsNetwork);
    }

    [Fact]
    public void Of_SharedMemory_IsMemory()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "no /dev/shm");
        Assert.Equal(FileSystemClass.Memory, FileSystemKind.Of("/dev/shm").Class);
    }

    [Fact]
    public void Of_MissingPath_IsThatOfItsParent()
    {
        using var scratch = new ScratchDirectory();
        Assert.Equal(FileSystemKind.Of(scratch.FullPath), FileSystemKind.Of(scratch["a/b/c"]));
        Assert.False(FileSystemKind.Of(scratch.FullPath).IsNetwork);
    }

    [Fact]
    public void FreeSpace_AgreesWithTheLibrary()
    {
        using var scratch = new ScratchDirectory();
        FreeSpace space = FreeSpace.Of(scratch["missing"]);
        var drive = new DriveInfo(scratch.FullPath);

        Assert.Equal(drive.TotalSize, space.Total);
        Assert.InRange(space.Available, 1, space.Total);
        Assert.InRange(Math.Abs(drive.AvailableFreeSpace - space.Available), 0, 1L << 30);
    }
}
