using HipaaFs.ReadAhead;

namespace HipaaFs.Core.Tests.ReadAhead;

public sealed class ReadStreamsTests
{
    private const int Request = 128 << 10;
    private const long Far = 64L << 20;

    [Fact]
    public void Observe_SequentialReader_IsReadAheadWithAGrowingWindow()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        long ahead = 0;
        long widest = 0;
        for (long offset = 0; offset < 256L << 20; offset += Request)
        {
            (long start, long end) = streams.Observe(offset, Request);
            if (start < end)
            {
                Assert.True(start >= ahead, "nothing is asked for twice");
                ahead = end;
                widest = Math.Max(widest, end - offset);
            }

            Assert.True(offset == 0 || ahead >= offset + Request, "the reader never gets ahead");
        }

        Assert.InRange(widest, ReadStreams.MaxWindow, ReadStreams.MaxWindow + (1 << 20));
    }

    [Fact]
    public void Observe_ReaderWhoHasComeFar_GetsOneRequestAfterTheOther()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        for (long offset = 0; offset < 256L << 20; offset += Request)
        {
            (long start, long end) = streams.Observe(offset, Request);
            if (start < end && offset > 128L << 20)
            {
                Assert.InRange(end - start, ReadStreams.EstablishedStretch, ReadStreams.EstablishedStretch + Request);
            }
        }
    }

    [Fact]
    public void IsEstablished_SaysWhoReadLast()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        streams.Observe(0, Request);
        Assert.False(streams.IsEstablished);
        streams.Observe(Request, Request);
        Assert.False(streams.IsEstablished);
        ReadFar(streams);
        Assert.True(streams.IsEstablished);
        streams.Observe(1L << 33, Request);
        Assert.False(streams.IsEstablished);
        streams.Observe(Far, Request);
        Assert.True(streams.IsEstablished);
    }

    [Fact]
    public void Observe_ReadThatIsTriedAndThenWaitedFor_CountsOnce()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        long ahead = 0;
        for (long offset = 0; offset < 5 * Request; offset += Request)
        {
            ahead = Math.Max(ahead, streams.Observe(offset, Request).End);
            Assert.Equal(default, streams.Observe(offset, Request));
        }

        Assert.False(streams.IsEstablished);
        Assert.InRange(ahead, ReadStreams.FirstWindow, (5 * Request) + ReadStreams.FirstWindow);
    }

    [Fact]
    public void Observe_ReaderOfALittle_IsReadAheadOfALittle()
    {
        for (long read = 1L << 20; read <= 32L << 20; read *= 2)
        {
            var streams = new ReadStreams(ReadStreams.MaxWindow);
            long ahead = 0;
            for (long offset = 0; offset < read; offset += Request)
            {
                ahead = Math.Max(ahead, streams.Observe(offset, Request).End);
            }

            Assert.InRange(ahead, read, 3 * read);
        }
    }

    [Fact]
    public void Resume_AllOfTheWindowWasAskedFor_NamesNothing()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        (long Start, long End) last = ReadFar(streams);
        streams.Halt(last.End - 1, last.End);
        (long start, long end) = streams.Resume(last.End - 1);
        Assert.True(start < end);

        for (int i = 0; i < 3; i++)
        {
            streams.Halt(end - 1, end); // Of the last request, which went on past the window, the rest was refused.
            (long, long) next = streams.Resume(end - 1);
            Assert.Equal(default, next);
        }

        (long Start, long End) named = default; // The reader who reads on names what follows.
        for (long offset = Far; named == default; offset += Request)
        {
            named = streams.Observe(offset, Request);
        }

        Assert.Equal(end - 1, named.Start);
    }

    [Fact]
    public void Halt_NamesNothingMoreUntilResumed_AndThenWhatIsMissing()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        long offset = Far;
        (long Start, long End) last = ReadFar(streams);

        long reached = last.Start + 16_384;
        streams.Halt(reached, last.End);
        for (; offset < reached - Request; offset += Request)
        {
            (long start, long end) = streams.Observe(offset, Request);
            Assert.True(start >= end);
        }

        Assert.Equal(default, streams.Resume(reached + 1));
        Assert.Equal((reached, offset + ReadStreams.MaxWindow), streams.Resume(reached));
        Assert.Equal(default, streams.Resume(reached));
    }

    [Fact]
    public void Halt_OfAStretchBeforeTheLast_GoesBackToIt()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        (long Start, long End) before = default;
        (long Start, long End) last = default;
        for (long offset = 0; offset < 64L << 20; offset += Request)
        {
            (long start, long end) = streams.Observe(offset, Request);
            (before, last) = start < end ? (last, (start, end)) : (before, last);
        }

        streams.Halt(before.Start, before.End);
        streams.Halt(last.Start, last.End); // That one was refused as well, and the stream waits further back already.

        Assert.Equal(default, streams.Resume(last.Start));
        Assert.Equal(before.Start, streams.Resume(before.Start).Start);
    }

    [Fact]
    public void Halt_ReaderHasMovedMeanwhile_GoesOnFromWhereHeIs()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        (long Start, long End) last = default;
        long offset = 0;
        for (; offset < 64L << 20 || last.Start < offset - (4 * Request); offset += Request)
        {
            (long start, long end) = streams.Observe(offset, Request);
            last = start < end ? (start, end) : last;
        }

        long reached = offset - (2 * Request); // Nothing is there that could be waited for: the reader had all that was read ahead.
        streams.Halt(reached, last.End);

        Assert.Equal(offset, streams.Resume(reached).Start);
    }

    [Fact]
    public void Resume_ReaderHasGoneElsewhere_NamesNothing()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        (long Start, long End) last = ReadFar(streams);

        streams.Halt(last.Start, last.End);
        streams.Observe(1L << 40, Request);

        Assert.Equal(default, streams.Resume(last.Start));
    }

    [Fact]
    public void TakeBack_NamesTheRestAgain()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        long offset = Far;
        (long Start, long End) last = ReadFar(streams);

        streams.TakeBack(last.Start, last.End);

        Assert.Equal(last.Start, streams.Observe(offset, Request).Start);
    }

    [Fact]
    public void Halt_ReaderComesThatFar_GoesOnWithoutResume()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        long offset = Far;
        (long Start, long End) last = ReadFar(streams);

        streams.Halt(last.Start, last.End);
        (long Start, long End) next = default;
        for (; offset < last.End && next == default; offset += Request)
        {
            next = streams.Observe(offset, Request);
        }

        Assert.Equal((offset, offset + ReadStreams.MaxWindow), next);
        Assert.Equal(default, streams.Resume(last.Start));
    }

    [Fact]
    public void Observe_TwoInterleavedReaders_FollowsBoth()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        long firstAhead = 0;
        long secondAhead = 0;
        const long second = 1L << 33;
        for (long offset = 0; offset < 16L << 20; offset += Request)
        {
            firstAhead = Math.Max(firstAhead, streams.Observe(offset, Request).End);
            secondAhead = Math.Max(secondAhead, streams.Observe(second + offset, Request).End);
        }

        Assert.True(firstAhead > 16L << 20 && secondAhead > second + (16L << 20));
    }

    [Fact]
    public void Observe_OutOfOrderRequests_AreOneStream()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        streams.Observe(0, Request);
        long asked = 0;
        foreach (int at in (int[])[2, 1, 4, 3, 6, 5])
        {
            (long start, long end) = streams.Observe(at * Request, Request);
            asked += end - start;
        }

        Assert.True(asked > 0);
    }

    [Theory]
    [InlineData(4 << 10, 1L << 34)]
    [InlineData(4 << 10, 8L << 20)]
    [InlineData(64 << 10, 1L << 34)]
    public void Observe_RandomReader_GetsNextToNoReadAhead(int length, long range)
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        var random = new Random(1);
        int asked = 0;
        for (int i = 0; i < 1000; i++)
        {
            (long start, long end) = streams.Observe(random.NextInt64(range / length) * length, length);
            asked += start < end ? 1 : 0;
        }

        Assert.InRange(asked, 0, 20);
    }

    [Fact]
    public void Observe_SameRangeAgainAndAgain_GetsNoReadAhead()
    {
        var streams = new ReadStreams(ReadStreams.MaxWindow);
        streams.Observe(1 << 20, 4096);
        (long start, long end) = streams.Observe(1 << 20, 4096);

        Assert.True(start >= end);
    }

    // Reads from the beginning until the window is at its largest. Returns what was named last.
    private static (long Start, long End) ReadFar(ReadStreams streams)
    {
        (long Start, long End) last = default;
        for (long offset = 0; offset < Far; offset += Request)
        {
            (long start, long end) = streams.Observe(offset, Request);
            last = start < end ? (start, end) : last;
        }

        return last;
    }
}
