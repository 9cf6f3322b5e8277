using Xunit;

namespace HipaaFs.Mount.Tests.Tampering;

/// <summary>Whoever can write to the store can make ranges unreadable, and nothing more.</summary>
public sealed class StoreTests
{
    // The log names inode and frame; a line about a whole object that cannot be read names inode and segment.
    private const string FrameLine = @"(?i)inode \d+: frame \d+";
    private const string ObjectLine = @"(?i)inode \d+: (frame \d+|segment [0-9a-f]{32})";

    [Theory]
    [InlineData(0)]
    [InlineData(8000)]
    [InlineData(16383)]
    [InlineData(16384)]
    [InlineData(16399)]
    public async Task Read_OneBitOfAFrameFlipped_RefusesThatFrameAlone(int byteInFrame)
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        await volume.RemoveCacheAsync();
        TamperedVolume.FlipBit(volume.Segments[0], TamperedVolume.FrameOffset(frame: 5, byteInFrame));

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.InRange(pages.Refused, 1, 5);
        Assert.Matches(FrameLine, volume.Log);
    }

    [Fact]
    public async Task Read_BitFlippedInEveryFrameOfEveryObject_RefusesEverything()
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        await volume.RemoveCacheAsync();
        foreach (string segment in volume.Segments)
        {
            TamperedVolume.Change(segment, content =>
            {
                for (int frame = 0; TamperedVolume.FrameOffset(frame, 0) < content.Length; frame++)
                {
                    content[TamperedVolume.FrameOffset(frame, 0)] ^= 1;
                }

                return content;
            });
        }

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.Equal(0, pages.Right);
        Assert.Matches(FrameLine, volume.Log);
    }

    [Theory]
    [InlineData("half")]
    [InlineData("empty")]
    [InlineData("zeros")]
    [InlineData("gone")]
    public async Task Read_ObjectsRuined_RefusesAndNeverReturnsOtherBytes(string ruin)
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        await volume.RemoveCacheAsync();
        foreach (string segment in volume.Segments)
        {
            Ruin(segment, ruin);
        }

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.True(pages.Refused > 0, $"{pages}");
        Assert.Matches(ObjectLine, volume.Log);
    }

    [Fact]
    public async Task Read_HeaderChanged_NeverReturnsOtherBytes()
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        await volume.RemoveCacheAsync();
        foreach (string segment in volume.Segments)
        {
            TamperedVolume.FlipBit(segment, 0);
            TamperedVolume.FlipBit(segment, 24);
            TamperedVolume.FlipBit(segment, 40);
        }

        PageCounts pages = await volume.MountAndReadAsync();

        // The header is associated data of every frame: it is what the volume knows it to be, whatever the object says.
        Assert.Equal(0, pages.Wrong);
    }

    [Fact]
    public async Task Read_TwoObjectsSwapped_RefusesBoth()
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        await volume.RemoveCacheAsync();
        IReadOnlyList<string> segments = volume.Segments;
        Assert.True(segments.Count >= 2, "the volume has one object only");
        byte[] first = File.ReadAllBytes(segments[0]);
        byte[] second = File.ReadAllBytes(segments[1]);
        TamperedVolume.Change(segments[0], _ => second);
        TamperedVolume.Change(segments[1], _ => first);

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.True(pages.Refused > 5_000_000 / 4096, $"{pages}");
        Assert.Matches(ObjectLine, volume.Log);
    }

    [Fact]
    public async Task Read_TwoFramesSwapped_RefusesThoseFrames()
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        await volume.RemoveCacheAsync();
        TamperedVolume.Change(volume.Segments[0], content =>
        {
            Span<byte> third = content.AsSpan((int)TamperedVolume.FrameOffset(3, 0), 16400);
            Span<byte> ninth = content.AsSpan((int)TamperedVolume.FrameOffset(9, 0), 16400);
            byte[] kept = third.ToArray();
            ninth.CopyTo(third);
            kept.CopyTo(ninth);
            return content;
        });

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.InRange(pages.Refused, 2, 10);
        Assert.Matches(FrameLine, volume.Log);
    }

    private static void Ruin(string path, string ruin)
    {
        TamperedVolume.Change(path, content => ruin switch
        {
            "half" => content[..(content.Length / 2)],
            "zeros" => new byte[content.Length],
            _ => [],
        });
        if (ruin == "gone")
        {
            File.Delete(path);
        }
    }
}
