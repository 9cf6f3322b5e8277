using HipaaFs.Snapshots;
using HipaaFs.Storage;
using HipaaFs.Testing.Model;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Model;

/// <content>What happens to a volume.</content>
internal sealed partial class CoreTarget
{
    private bool _storeBroken;
    private bool _diskBroken;
    private bool _wasBroken;
    private bool _mayLackWhatWasPublished;

    private async Task<ModelOutcome> HappenAsync(ModelCommand command)
    {
        switch (command.Verb)
        {
            case ModelVerb.Remount:
                Heal();
                await CloseAllAsync();
                await _test.StopAsync();
                await OpenAsync(_test);
                break;
            case ModelVerb.Crash:
                await CrashAsync();
                break;
            case ModelVerb.Wait:
                await WaitAsync(command.Value);
                break;
            case ModelVerb.Drain:
                await DrainAsync();
                break;
            case ModelVerb.Restore:
                await RestoreAsync();
                break;
            case ModelVerb.BreakStore:
                BreakStore(command.Value);
                break;
            case ModelVerb.BreakDisk:
                BreakDisk(command.Value);
                break;
            case ModelVerb.HealStore:
                _test.Store.Heal();
                _storeBroken = false;
                break;
            default:
                _test.StagingFault = null;
                _diskBroken = false;
                break;
        }

        return ModelOutcome.Done;
    }

    private void Heal()
    {
        _test.Store?.Heal();
        _test.StagingFault = null;
        _storeBroken = false;
        _diskBroken = false;
    }

    private async Task CloseAllAsync()
    {
        for (int slot = 0; slot < _open.Length; slot++)
        {
            if (_open[slot].Handle != default)
            {
                await Files.ReleaseAsync(_open[slot].Handle).Ok();
                _open[slot] = default;
            }
        }
    }

    private async Task CrashAsync()
    {
        Array.Clear(_open);
        TestVolume crashed = _test.CopyFiles();
        await OpenAsync(crashed);
        Heal();
        await _test.DisposeAsync();
        _test = crashed;
    }

    // A store that lost what it had said it took is refused as one that was put back, until somebody says that this is known.
    private async Task OpenAsync(TestVolume closed)
    {
        try
        {
            await closed.OpenAsync();
        }
        catch (VolumeException refused) when (refused.Failure == VolumeFailure.Integrity && _mayLackWhatWasPublished)
        {
            closed.AcceptsOlderStore = true;
            await closed.OpenAsync();
            closed.AcceptsOlderStore = false;
            _mayLackWhatWasPublished = false; // All of it was published again.
        }
    }

    private async Task WaitAsync(int value)
    {
        if (_clock is null)
        {
            await Task.Delay(value % 4); // Passes of writeback, commits and uploads go on beside the operations.
            return;
        }

        int[] seconds = [1, 3, 61, 660];
        _clock.Advance(TimeSpan.FromSeconds(seconds[value % seconds.Length]));
    }

    private async Task DrainAsync()
    {
        Heal();
        Task<string?> draining = _test.Volume.DrainAsync(new Progress<DrainProgress>(), CancellationToken.None);
        if (_clock is not null)
        {
            await _clock.AdvanceUntilEndedAsync(draining, TimeSpan.FromMilliseconds(200), _test.Store);
        }

        if (await draining is { } problem)
        {
            throw new ModelDivergenceException("not everything reaches the store: " + problem);
        }
    }

    // The volume made of the store alone holds what this one does.
    private async Task RestoreAsync()
    {
        await DrainAsync();
        (TestVolume restored, _) = await _test.RestoreAsync();
        await using var other = new CoreTarget(restored, _clock);
        AssertSame(await ObserveAsync(), await other.ObserveAsync());
        foreach (Snapshot snapshot in (await _test.Volume.ListSnapshotsAsync(default)).Ok())
        {
            AssertSame((await ObserveSnapshotAsync(snapshot.Name))!, await other.ObserveSnapshotAsync(snapshot.Name));
        }
    }

    private static void AssertSame(List<ObservedNode> expected, List<ObservedNode>? found)
    {
        Assert.NotNull(found);
        Assert.Equal(ModelState.Describe(expected), ModelState.Describe(found));
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.True(expected[i].ReadError == found[i].ReadError && expected[i].Content.AsSpan().SequenceEqual(found[i].Content), "restored: " + expected[i].Path);
        }
    }

    private void BreakStore(int value)
    {
        _wasBroken = _storeBroken = true;
        StoreFaultKind[] kinds =
        [
            StoreFaultKind.Fail, StoreFaultKind.FailAfterwards, StoreFaultKind.Lose, StoreFaultKind.Truncate, StoreFaultKind.Flip, StoreFaultKind.WrongObject,
        ];
        StoreError[] errors = [StoreError.Unavailable, StoreError.Throttled, StoreError.NotFound, StoreError.AccessDenied];
        var fault = new StoreFault(kinds[value % kinds.Length])
        {
            Error = errors[value / 7 % errors.Length],
            Probability = value / 31 % 2 == 0 ? 0.5 : 1,
            KeyPrefix = value / 63 % 2 == 0 ? "seg/" : string.Empty,
        };
        _mayLackWhatWasPublished |= fault is { Kind: StoreFaultKind.Lose, KeyPrefix: "" };
        _test.Store.Add(fault);
    }

    private void BreakDisk(int value)
    {
        _wasBroken = _diskBroken = true;
        var dice = new Random(value);
        _test.StagingFault = (value % 4) switch
        {
            0 => static length => length < 0 ? 0 : null,
            1 => static length => length < 0 ? null : length / 2,
            2 => static _ => 0,
            _ => length =>
            {
                lock (dice)
                {
                    return dice.Next(2) == 0 ? null : Math.Max(0, length) / 2;
                }
            }
            ,
        };
    }
}
