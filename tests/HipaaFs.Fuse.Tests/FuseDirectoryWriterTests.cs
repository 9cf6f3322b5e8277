using System.Runtime.InteropServices;
using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed unsafe class FuseDirectoryWriterTests
{
    [Fact]
    public void TryAdd_Name_IsPaddedToEightBytes()
    {
        byte[] buffer = new byte[64];
        Array.Fill(buffer, (byte)0xFF);
        fixed (byte* start = buffer)
        {
            var writer = new FuseDirectoryWriter(start, buffer.Length, null);

            Assert.True(writer.TryAdd(5, 9, 8, "abc"u8));
            Assert.Equal(32, writer.Length);
        }

        FuseDirectoryEntry head = MemoryMarshal.Read<FuseDirectoryEntry>(buffer);
        Assert.Equal((5UL, 9UL, 3U, 8U), (head.Inode, head.Offset, head.NameLength, head.Type));
        Assert.Equal("abc\0\0\0\0\0"u8, buffer.AsSpan(24, 8));
        Assert.Equal(0xFF, buffer[32]);
    }

    [Theory]
    [InlineData(31, false)]
    [InlineData(32, true)]
    public void TryAdd_AtTheEdge_WritesAllOrNothing(int capacity, bool fits)
    {
        byte[] buffer = new byte[64];
        fixed (byte* start = buffer)
        {
            var writer = new FuseDirectoryWriter(start, capacity, null);

            Assert.Equal(fits, writer.TryAdd(1, 1, 8, "12345678"u8));
            Assert.Equal(fits ? 32 : 0, writer.Length);
        }

        Assert.Equal(fits, buffer.AsSpan().ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(159, false)]
    [InlineData(160, true)]
    public void TryAddPlus_AtTheEdge_WritesAllOrNothing(int capacity, bool fits)
    {
        byte[] buffer = new byte[256];
        var entry = new FuseEntryOut { NodeId = 3, Attributes = new FuseAttr { Inode = 33, Mode = 0x41ED } };
        fixed (byte* start = buffer)
        {
            var writer = new FuseDirectoryWriter(start, capacity, null);

            Assert.Equal(fits, writer.TryAddPlus(entry, 4, "12345678"u8));
            Assert.Equal(fits ? 160 : 0, writer.Length);
        }

        if (fits)
        {
            FuseDirectoryEntry head = MemoryMarshal.Read<FuseDirectoryEntry>(buffer.AsSpan(128));
            Assert.Equal((33UL, 4UL, 8U, 4U), (head.Inode, head.Offset, head.NameLength, head.Type));
            Assert.Equal(3UL, MemoryMarshal.Read<FuseEntryOut>(buffer).NodeId);
        }
    }
}
