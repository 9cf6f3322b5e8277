namespace HipaaFs.Core.Tests.Durability;

/// <summary>The same work again and again, each time with another write, or sync, of staging's disk failing: no nonce seals two things, and nothing is lost.</summary>
public sealed class NonceFaultTests
{
    // The only failure that a publication names so is its own file's: other staging trouble shows as a store that is not there.
    private const string StreamFailed = "the store does not take it: NoSpace";

    private int _failures;
    private string? _problem;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EveryWrite_FailingOnce_SealsOneThingForEachNonce(int halvesTaken)
    {
        int call = 1;
        var problems = new List<string?>();
        while (await WorkAsync(call, length => length >= 0, length => length * halvesTaken / 2))
        {
            problems.Add(_problem);
            call++;
        }

        Assert.True(call > 10, $"the work wrote only {call - 1} times");
        Assert.Contains(StreamFailed, problems);
        Assert.Equal(0, NonceWatch.Violations);
    }

    [Fact]
    public async Task EverySync_FailingOnce_SealsOneThingForEachNonce()
    {
        int call = 1;
        while (await WorkAsync(call, static length => length < 0, static _ => 0))
        {
            call++;
        }

        Assert.True(call > 5, $"the work synced only {call - 1} times");
        Assert.Equal(0, NonceWatch.Violations);
    }

    // Returns whether there was such a call to fail.
    private async Task<bool> WorkAsync(int failing, Func<int, bool> isOne, Func<int, int> taken)
    {
        byte[] a = FileSystemCalls.RandomBytes(200_000, 1);
        byte[] b = FileSystemCalls.RandomBytes(5_000, 2);
        byte[] patch = FileSystemCalls.RandomBytes(20_000, 3);
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        int calls = 0;
        _failures = 0;
        _problem = null;
        test.StagingFault = length => isOne(length) && Interlocked.Increment(ref calls) == failing ? taken(length) : null;

        await test.FileSystem.PutAsync("a", a);
        await SyncAsync(test);
        await test.FileSystem.PutAsync("b", b);
        await SyncAsync(test);
        await PatchAsync(test, "a", 10_000, patch);
        await SyncAsync(test);
        patch.CopyTo(a, 10_000);
        await DrainAsync(test);
        await PatchAsync(test, "b", 4_000, patch);
        await PatchAsync(test, "a", 150_000, patch);
        await SyncAsync(test);
        b = [.. b[..4_000], .. patch];
        patch.CopyTo(a, 150_000);

        // Both seal on from here, each with a life of its own.
        await using TestVolume crashed = await test.CrashAsync();
        await test.FileSystem.PutAsync("beside", patch);
        await DrainAsync(test);
        test.StagingFault = null;
        await crashed.FileSystem.PutAsync("beside", a);
        await crashed.DrainAsync();

        Assert.InRange(_failures, 0, 1);
        await AssertHoldsAsync(test, a, b, patch);
        await AssertHoldsAsync(crashed, a, b, a);
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            await AssertHoldsAsync(restored, a, b, patch);
        }

        await test.AssertSoundAsync();
        return calls >= failing;
    }

    // What failed is done again at once, as a program would that insists.
    private async Task SyncAsync(TestVolume test)
    {
        while (await test.FileSystem.SyncAsync(default) != FsError.None)
        {
            _failures++;
        }
    }

    private async Task DrainAsync(TestVolume test)
    {
        while (await test.Volume.DrainAsync(new Progress<HipaaFs.Volumes.DrainProgress>(), default) is { } problem)
        {
            _failures++;
            _problem = problem;
        }
    }

    private static async Task PatchAsync(TestVolume test, string name, int offset, byte[] content)
    {
        HandleId handle = await test.FileSystem.OpenAsync(name);
        await test.FileSystem.WriteAsync(handle, offset, content);
        await test.FileSystem.CloseAsync(handle);
    }

    private static async Task AssertHoldsAsync(TestVolume test, byte[] a, byte[] b, byte[] beside)
    {
        FileSystemCalls.AssertSame(a, await test.FileSystem.GetAsync("a"), "a");
        FileSystemCalls.AssertSame(b, await test.FileSystem.GetAsync("b"), "b");
        FileSystemCalls.AssertSame(beside, await test.FileSystem.GetAsync("beside"), "beside");
    }
}
