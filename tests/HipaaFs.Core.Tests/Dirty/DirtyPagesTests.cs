using HipaaFs.Dirty;

namespace HipaaFs.Core.Tests.Dirty;

public sealed class DirtyPagesTests
{
    private const int Page = PagePool.PageSize;

    [Fact]
    public void Read_AfterWritesAndDiscards_AgreesWithAnArray()
    {
        var pool = new PagePool(8L << 20);
        var pages = new DirtyPages(pool);
        byte[] expected = new byte[5 * Page];
        bool[] held = new bool[expected.Length];
        var random = new Random(2);
        for (int i = 0; i < 400; i++)
        {
            int start = random.Next(expected.Length);
            int end = random.Next(start, Math.Min(expected.Length, start + (2 * Page))) + 1;
            if (random.Next(4) == 0)
            {
                pages.Discard(start, end);
                held.AsSpan(start..end).Clear();
            }
            else
            {
                byte[] content = FileSystemCalls.RandomBytes(end - start, i);
                Assert.Equal(content.Length, pages.Write(start, content));
                content.CopyTo(expected, start);
                held.AsSpan(start..end).Fill(true);
            }

            AssertSame(pages, expected, held);
        }

        pages.Clear();
        Assert.Equal(0, pool.LentBytes);
    }

    [Fact]
    public void TakeBack_PutsOlderBytesBelowNewerOnes()
    {
        var pool = new PagePool(8L << 20);
        var newer = new DirtyPages(pool);
        var older = new DirtyPages(pool);
        older.Write(100, [1, 1, 1, 1]);
        older.Write(3 * Page, [1]);
        newer.Write(102, [2, 2, 2, 2]);
        newer.Write(Page, [2]);
        newer.TakeBack(older);

        byte[] read = new byte[8];
        newer.Read(99, read, new MissingRanges(99, 107));
        Assert.Equal([0, 1, 1, 2, 2, 2, 2, 0], read);
        Assert.Equal([0L, 1, 3], newer.Items.Keys);
        Assert.Equal(0, older.Count);
        newer.Clear();
        Assert.Equal(0, pool.LentBytes);
    }

    [Fact]
    public void MoveAllButPartialEnd_KeepsTheGrowingPage()
    {
        var pool = new PagePool(8L << 20);
        var pages = new DirtyPages(pool);
        var target = new DirtyPages(pool);
        pages.Write(0, new byte[(2 * Page) + 10]);
        Assert.Equal(2 * Page, pages.MoveAllButPartialEnd(target));
        Assert.Equal((1, 2), (pages.Count, target.Count));

        target.Clear();
        pages.Write((2 * Page) + 10, new byte[Page - 10]);
        Assert.Equal(-1, pages.MoveAllButPartialEnd(target));
        Assert.Equal((0, 1), (pages.Count, target.Count));
        target.Clear();
    }

    [Fact]
    public async Task Write_WithoutMemory_StopsAndIsToldWhenThereIsSome()
    {
        var pool = new PagePool(0);
        var pages = new DirtyPages(pool);
        int written = pages.Write(0, new byte[(int)pool.MaxBytes + 5]);
        Assert.Equal(pool.MaxBytes, written);
        Assert.Equal(0, pages.Write(written, [1]));
        Task room = pool.WaitAsync(default);
        Assert.False(room.IsCompleted);
        pages.Clear();

        await room;
        Assert.Equal(1, pages.Write(0, [1]));
        pages.Clear();
    }

    [Fact]
    public void MissingRanges_Remove_LeavesWhatIsLeft()
    {
        var missing = new MissingRanges(10, 100);
        missing.Remove(0, 12);
        missing.Remove(20, 30);
        missing.Remove(25, 40);
        missing.Remove(99, 200);

        Assert.Equal([(12L, 20L), (40L, 99L)], missing.Items);
        missing.Remove(0, 1000);
        Assert.Empty(missing.Items);
        Assert.Empty(new MissingRanges(5, 5).Items);
    }

    private static void AssertSame(DirtyPages pages, byte[] expected, bool[] held)
    {
        byte[] read = new byte[expected.Length];
        var missing = new MissingRanges(0, expected.Length);
        pages.Read(0, read, missing);
        bool[] found = new bool[held.Length];
        found.AsSpan().Fill(true);
        foreach ((long start, long end) in missing.Items)
        {
            found.AsSpan((int)start..(int)end).Clear();
        }

        Assert.True(held.AsSpan().SequenceEqual(found), "held bytes");
        for (int i = 0; i < held.Length; i++)
        {
            Assert.True(!held[i] || read[i] == expected[i]);
        }
    }
}
