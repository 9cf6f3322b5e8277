using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class ParkedReadersTests
{
    [Fact]
    public void TryBlock_AllOthersBlock_RefusesTheLast()
    {
        var readers = new ParkedReaders(3);
        using var first = new Reader(readers);
        using var second = new Reader(readers);
        using var third = new Reader(readers);

        Assert.True(first.TryBlock());
        Assert.True(first.TryBlock()); // It blocks already, and counts once.
        Assert.True(second.TryBlock());
        Assert.False(third.TryBlock());
    }

    [Fact]
    public void LeaveService_AfterBlocking_MakesRoomForAnother()
    {
        var readers = new ParkedReaders(2);
        using var first = new Reader(readers);
        using var second = new Reader(readers);
        Assert.True(first.TryBlock());
        Assert.False(second.TryBlock());

        first.LeaveService();

        Assert.True(second.TryBlock());
    }

    [Fact]
    public void TryBlock_OneThread_NeverBlocks()
    {
        var readers = new ParkedReaders(1);
        using var only = new Reader(readers);

        Assert.False(only.TryBlock());
    }

    [Fact]
    public void TryPark_AsManyAsShouldRead_ReturnsAtOnce()
    {
        Assert.True(new ParkedReaders(2).TryPark(floor: 2));
        Assert.True(new ParkedReaders(1).TryPark(floor: 1));
    }

    [Fact]
    public void TryPark_MoreThanShouldRead_WaitsToBeCalled()
    {
        var readers = new ParkedReaders(3);
        bool goesOn = false;
        var parked = new Thread(() => goesOn = readers.TryPark(floor: 2));
        parked.Start();

        // Nobody can be called before it has parked.
        SpinWait.SpinUntil(readers.CallOne);
        parked.Join();

        Assert.True(goesOn);
        Assert.Equal(3, readers.Readers);
    }

    /// <summary>One request thread inside a handler: what it may do is its own.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly ParkedReaders _readers;
        private readonly System.Collections.Concurrent.BlockingCollection<Action> _steps = [];
        private readonly Thread _thread;

        internal Reader(ParkedReaders readers)
        {
            _readers = readers;
            _thread = new Thread(() =>
            {
                foreach (Action step in _steps.GetConsumingEnumerable())
                {
                    step();
                }
            });
            _thread.Start();
            Run(() =>
            {
                readers.EnterService();
                return true;
            });
        }

        public void Dispose()
        {
            _steps.CompleteAdding();
            _thread.Join();
            _steps.Dispose();
        }

        internal bool TryBlock() => Run(_readers.TryBlock);

        internal void LeaveService() => Run(() =>
        {
            _readers.LeaveService();
            return true;
        });

        private bool Run(Func<bool> step)
        {
            var done = new TaskCompletionSource<bool>();
            _steps.Add(() => done.SetResult(step()));
            return done.Task.GetAwaiter().GetResult();
        }
    }
}
