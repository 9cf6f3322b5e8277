using HipaaFs.FaultFs.Crash;
using HipaaFs.FaultFs.Disk;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Crash;

/// <summary>What is left after the power went.</summary>
public sealed class CrashModelTests
{
    private const int Root = 1;
    private const int Folder = 2;
    private const int File = 3;

    private static readonly DiskStart Empty = new(
        new Dictionary<(int, string), int> { [(Root, "folder")] = Folder }, new Dictionary<int, PagedContent>());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Written_NotSynced_IsLost(bool journal)
    {
        CrashImage image = After(CrashKind.None, journal, Named("f"), Written(0, 1, 1000), new SyncOperation(Folder, false));

        Assert.Equal(File, image.Names[(Folder, "f")]);
        Assert.Equal(0, image.Contents[File].Length);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Synced_DirectoryNot_NameIsThereWithAJournalAlone(bool journal, bool found)
    {
        CrashImage image = After(CrashKind.None, journal, Named("f"), Written(0, 1, 1000), new SyncOperation(File, true));

        Assert.Equal(found, image.Names.ContainsKey((Folder, "f")));
        Assert.Equal(1000, image.Contents[File].Length);
    }

    [Fact]
    public void Overwritten_DataSynced_CommitsNoNames()
    {
        CrashImage image = After(
            CrashKind.None, true, Named("f"), Written(0, 1, 1000), new SyncOperation(File, true), Named("g"), Written(0, 2, 1000), new SyncOperation(File, true));

        Assert.False(image.Names.ContainsKey((Folder, "g")));
        Assert.Equal(2, ByteAt(image, 0));
    }

    [Fact]
    public void SyncFailed_IsLostThoughTheNextSucceeds()
    {
        CrashImage image = After(
            CrashKind.All, true, Named("f"), Written(0, 1, 1000), new FailedSyncOperation(File), Written(2000, 2, 10), new SyncOperation(File, false));

        Assert.Equal(2010, image.Contents[File].Length);
        Assert.Equal(0, ByteAt(image, 0));
        Assert.Equal(2, ByteAt(image, 2000));
    }

    [Fact]
    public void Renamed_NotSynced_IsNeverHalfDone()
    {
        var rename = new NameOperation(Folder, [new NameBinding(Folder, "f", 0), new NameBinding(Folder, "g", File)]);
        for (int seed = 0; seed < 50; seed++)
        {
            CrashImage image = CrashModel.After(
                Empty, [Named("f"), new SyncOperation(Folder, false), rename], new CrashOptions(CrashKind.Dice, false, seed));
            Assert.True(image.Names.ContainsKey((Folder, "f")) != image.Names.ContainsKey((Folder, "g")));
        }
    }

    [Fact]
    public void DirectorySynced_TakesEarlierChangesOfItsNamesAlong()
    {
        var moved = new NameOperation(Folder, [new NameBinding(Root, "f", 0), new NameBinding(Folder, "f", File)]);
        CrashImage image = After(
            CrashKind.None, false, new NameOperation(Root, [new NameBinding(Root, "f", File)]), moved, Named("g"), new SyncOperation(Folder, false));

        Assert.Equal(["f", "folder", "g"], image.Names.Keys.Select(name => name.Name).Order());
        Assert.False(image.Names.ContainsKey((Root, "f")));
    }

    [Fact]
    public void Dice_TearAtSectors_AndAreRepeatable()
    {
        bool torn = false;
        for (int seed = 0; seed < 50; seed++)
        {
            var options = new CrashOptions(CrashKind.Dice, true, seed);
            DiskOperation[] log = [Named("f"), Written(100, 1, 5000)];
            CrashImage first = CrashModel.After(Empty, log, options);
            Assert.Equal(Bytes(first), Bytes(CrashModel.After(Empty, log, options)));
            byte[] bytes = Bytes(first);
            for (int at = 512; at < bytes.Length; at++)
            {
                Assert.True(at % 512 == 0 || bytes[at] == bytes[at - 1], "torn within a sector");
                torn |= bytes[at] != bytes[at - 1];
            }
        }

        Assert.True(torn, "never torn");
    }

    [Fact]
    public void Truncated_Dice_NothingWrittenLaterIsThereWithoutIt()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            CrashImage image = CrashModel.After(
                Empty,
                [Named("f"), Written(0, 1, 2048), new SyncOperation(File, false), new TruncateOperation(File, 0), Written(0, 2, 512)],
                new CrashOptions(CrashKind.Dice, true, seed));
            Assert.True(image.Contents[File].Length is 0 or 512 or 2048);
            Assert.True(image.Contents[File].Length != 2048 || ByteAt(image, 0) == 1);
        }
    }

    private static CrashImage After(CrashKind kind, bool journal, params DiskOperation[] log) =>
        CrashModel.After(Empty, log, new CrashOptions(kind, journal, 1));

    private static NameOperation Named(string name) => new(Folder, [new NameBinding(Folder, name, File)]);

    private static WriteOperation Written(long offset, byte value, int length) => new(File, offset, [.. Enumerable.Repeat(value, length)]);

    private static byte ByteAt(CrashImage image, long offset)
    {
        byte[] one = new byte[1];
        image.Contents[File].Read(offset, one);
        return one[0];
    }

    private static byte[] Bytes(CrashImage image)
    {
        byte[] bytes = new byte[image.Contents.TryGetValue(File, out PagedContent? content) ? content.Length : 0];
        content?.Read(0, bytes);
        return bytes;
    }
}
