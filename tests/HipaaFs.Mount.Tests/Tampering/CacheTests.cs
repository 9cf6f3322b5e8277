using Xunit;

namespace HipaaFs.Mount.Tests.Tampering;

/// <summary>A changed cache costs a fetch, and nothing more, while the store has it right.</summary>
public sealed class CacheTests
{
    [Theory]
    [InlineData("bit")]
    [InlineData("zeros")]
    [InlineData("half")]
    [InlineData("swapped")]
    [InlineData("gone")]
    public async Task Read_CacheRuinedAndStoreRight_FetchesAgain(string ruin)
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        IReadOnlyList<string> files = volume.CachedSegments;
        Assert.NotEmpty(files);
        Ruin(files, ruin);

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.Equal(0, pages.Refused);
    }

    [Fact]
    public async Task Read_CacheRightAndStoreRuined_NeedsNoStore()
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        foreach (string segment in volume.Segments)
        {
            TamperedVolume.Change(segment, content => new byte[content.Length]);
        }

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.Equal(0, pages.Refused);
    }

    [Fact]
    public async Task Read_CacheAndStoreBothRuined_RefusesAndSaysWhere()
    {
        await using TamperedVolume volume = await TamperedVolume.CreateAsync();
        Ruin(volume.CachedSegments, "bit");
        Ruin(volume.Segments, "bit");

        PageCounts pages = await volume.MountAndReadAsync();

        Assert.Equal(0, pages.Wrong);
        Assert.True(pages.Refused > 0, $"{pages}");
        Assert.Matches(@"(?i)inode \d+: frame \d+", volume.Log);
    }

    private static void Ruin(IReadOnlyList<string> files, string ruin)
    {
        byte[] first = File.ReadAllBytes(files[0]);
        for (int i = 0; i < files.Count; i++)
        {
            byte[] next = i + 1 < files.Count ? File.ReadAllBytes(files[i + 1]) : first;
            TamperedVolume.Change(files[i], content => ruin switch
            {
                "bit" => FlipOneBitAFrame(content),
                "zeros" => new byte[content.Length],
                "half" => content[..(content.Length / 2)],
                "swapped" => next,
                _ => [],
            });
            if (ruin == "gone")
            {
                File.Delete(files[i]);
            }
        }
    }

    private static byte[] FlipOneBitAFrame(byte[] content)
    {
        for (int frame = 0; TamperedVolume.FrameOffset(frame, 100) < content.Length; frame++)
        {
            content[TamperedVolume.FrameOffset(frame, 100)] ^= 0x80;
        }

        return content;
    }
}
