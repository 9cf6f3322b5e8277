using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Segments;

/// <summary>Runs of one segment of which this machine has nothing: what is paid for and fetched together.</summary>
public sealed class RunLoaderTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;
    private const int Between = 64 << 10; // What is fetched along when it lies between two runs.
    private const int AtOnce = 7 * MiB;
    private const int Length = 20 * MiB;

    private readonly List<long> _paid = [];
    private TestVolume? _test;
    private SegmentId _segment;

    private TestVolume Test => _test!;

    private long Fetches => Test.Volume.Parts.Cache.Usage.Fetches;

    public async ValueTask InitializeAsync()
    {
        _test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = new ManualTimeProvider() });
        InodeId file = await _test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(Length, 1));
        await _test.DrainAsync();
        Extent extent = Assert.Single((await _test.Volume.Parts.Metadata.GetExtentsAsync(file, 0, Length, 2)).Value.Extents);
        Assert.Equal((0L, Length), (extent.PlaintextOffset, extent.Length));
        _segment = extent.Segment;
        await _test.StopAsync();
        Directory.Delete(_test.CacheDirectory, recursive: true);
        await _test.OpenAsync();
    }

    public ValueTask DisposeAsync() => Test.DisposeAsync();

    [Fact]
    public async Task Load_RunsWithALittleBetweenThem_ComeWithOneRequest()
    {
        const int run = 10_000;
        const int second = run + Between;
        const int third = second + run + Between + 1;
        RunLoader loader = Create((0, run), (second, run), (third, run));

        await LoadAsync(loader, 0, run);
        Assert.Equal([second + run], _paid);
        Assert.Equal(1, Fetches);
        Assert.True(HasRange(0, second + run));
        Assert.False(HasRange(third, run));

        await LoadAsync(loader, second, run);
        Assert.Single(_paid);
        await LoadAsync(loader, third, run);
        Assert.Equal([second + run, run], _paid);
        Assert.Equal(2, Fetches);
        Assert.True(HasRange(third, run));
    }

    [Fact]
    public async Task Load_LongRun_ComesInPartsAndNoSoonerThanItIsReached()
    {
        RunLoader loader = Create((0, Length));

        await LoadAsync(loader, 0, MiB);
        Assert.Equal([AtOnce], _paid);
        await LoadAsync(loader, MiB, AtOnce - MiB);
        Assert.Single(_paid);
        await LoadAsync(loader, AtOnce - 1, 2);
        Assert.Equal([AtOnce, AtOnce], _paid);
        Assert.False(HasRange(2 * AtOnce, MiB));
        await LoadAsync(loader, 0, Length);

        Assert.Equal([AtOnce, AtOnce, Length - (2 * AtOnce)], _paid);
        Assert.Equal(3, Fetches);
        Assert.True(HasRange(0, Length));
    }

    [Fact]
    public async Task Load_NeighboursThatAreTooMuchTogether_AreCutWhereOneRequestEnds()
    {
        const int first = 6 * MiB;
        const int second = 3 * MiB;
        RunLoader loader = Create((0, first), (first + 1_000, second));

        await LoadAsync(loader, 0, first);
        Assert.Equal([AtOnce], _paid);
        await LoadAsync(loader, first + 1_000, second);

        Assert.Equal([AtOnce, first + 1_000 + second - AtOnce], _paid);
        Assert.Equal(2, Fetches);
    }

    [Fact]
    public async Task Load_InAnotherOrderThanTheRunsLie_BringsWhatIsAskedForAndEachOnce()
    {
        RunLoader loader = Create((0, MiB), (5 * MiB, 2 * MiB), (12 * MiB, 3 * MiB));

        await LoadAsync(loader, 12 * MiB, 3 * MiB);
        Assert.Equal((false, false, true), (HasRange(0, MiB), HasRange(5 * MiB, 2 * MiB), HasRange(12 * MiB, 3 * MiB)));
        await LoadAsync(loader, 0, Length); // All that begins within it, in the order in which it lies.
        await LoadAsync(loader, 5 * MiB, 2 * MiB);

        Assert.Equal([3 * MiB, MiB, 2 * MiB], _paid);
        Assert.Equal(3, Fetches);
    }

    [Fact]
    public async Task Load_FetchFails_SaysSoOnceAndTheOthersGoOn()
    {
        RunLoader loader = Create((0, MiB), (5 * MiB, MiB), (10 * MiB, MiB));
        await LoadAsync(loader, 0, MiB);
        Test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, KeyPrefix = "seg/" });

        Assert.NotEqual(FsError.None, await loader.LoadAsync(_segment, 5 * MiB, 6 * MiB, default));
        Assert.Equal([MiB, MiB], _paid); // What lies behind it was not asked for.
        int struck = Test.Store.Struck;
        Test.Store.Heal();
        await LoadAsync(loader, 5 * MiB, MiB); // Who reads it there asks for it himself.
        Assert.Equal((2, struck), (_paid.Count, Test.Store.Struck));
        Assert.False(HasRange(5 * MiB, MiB));
        await LoadAsync(loader, 10 * MiB, MiB);

        Assert.Equal([MiB, MiB, MiB], _paid);
        Assert.True(HasRange(10 * MiB, MiB));
    }

    [Fact]
    public async Task Load_GivenUpWhileItWaitsToBePaidFor_FetchesNothing()
    {
        using var stop = new CancellationTokenSource();
        var loader = new RunLoader(Reader(), [Use(0, MiB)], (_, cancel) =>
        {
            stop.Cancel();
            return new ValueTask(Task.Delay(Timeout.Infinite, cancel));
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await loader.LoadAsync(_segment, 0, MiB, stop.Token));
        Assert.Equal(0, Fetches);
    }

    private RunLoader Create(params (long Offset, long Length)[] runs) => new(Reader(), runs.Select(run => Use(run.Offset, run.Length)), (bytes, _) =>
    {
        _paid.Add(bytes);
        return ValueTask.CompletedTask;
    });

    private SegmentReader Reader() => new(Test.Volume.Parts.Views, Test.Volume.Parts.Cache, NullLogger.Instance);

    private SegmentUse Use(long offset, long length) => new(new InodeId(2), new Extent(offset, length, _segment, offset));

    private bool HasRange(long offset, long length) => Test.Volume.Parts.Cache.HasRange(_segment, offset, length);

    private async Task LoadAsync(RunLoader loader, long offset, long length) => Assert.Equal(FsError.None, await loader.LoadAsync(_segment, offset, length, default));
}
