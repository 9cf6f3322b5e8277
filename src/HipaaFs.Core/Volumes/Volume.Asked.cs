using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Metadata;
using HipaaFs.Scrubbing;
using HipaaFs.Snapshots;
using HipaaFs.Trash;

namespace HipaaFs.Volumes;

// What somebody asks for and waits for. Closing the volume ends it and waits for its end; who asked is told by OperationCanceledException.
public sealed partial class Volume
{
    /// <summary>Rewrites and condemns what can be now, and deletes what was condemned long enough ago.</summary>
    /// <returns>What was done; null on a read-only volume, or when the metadata cannot be read.</returns>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing: what is done stays done.</exception>
    public Task<GarbageReport?> CollectGarbageAsync(IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        if (_parts.Writer is not { } writer || FileSystem.IsReadOnly)
        {
            return Task.FromResult<GarbageReport?>(null);
        }

        return Ask(() => CollectGarbageAsync(writer, progress, cancel));
    }

    /// <summary>Looks for segments of the store that this volume knows nothing of, and deletes them if told to.</summary>
    /// <returns>What was found and done; null on a read-only volume.</returns>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing: what is deleted stays deleted.</exception>
    public Task<UnknownReport?> SweepUnknownAsync(bool deletes, IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        if (_parts.Writer is not { } writer || FileSystem.IsReadOnly)
        {
            return Task.FromResult<UnknownReport?>(null);
        }

        return Ask<UnknownReport?>(async () =>
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
            return await writer.Unknown.RunAsync(deletes, progress, ends.Token);
        });
    }

    /// <summary>
    /// Reads every segment of the store and opens every frame, and the mark of the volume, its newest key ring and the kept chains of the change stream; puts back what is
    /// not as it was written and whole on this machine.
    /// </summary>
    /// <returns>What was found; null on a read-only volume.</returns>
    /// <exception cref="InvalidOperationException">Another scrub is under way.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing: the next one goes on from there.</exception>
    public Task<ScrubReport?> ScrubAsync(ScrubOptions options, IProgress<ScrubProgress> progress, CancellationToken cancel)
    {
        if (_parts.Writer is not { } writer || FileSystem.IsReadOnly)
        {
            return Task.FromResult<ScrubReport?>(null);
        }

        return Ask<ScrubReport?>(async () =>
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
            return await writer.Scrubber.RunAsync(options, progress, ends.Token);
        });
    }

    /// <summary>Makes everything written before the call durable on this machine, what the kernel holds back of open files too. What was refused before is not asked for here (<see cref="VolumeStatus.LostFiles"/>).</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing, which commits it too.</exception>
    public Task<FsError> SyncAsync(CancellationToken cancel) => Ask(
        async ends =>
        {
            // A kernel may not wait for its pages to arrive when it is asked for them by syncfs(2), and who asks over the socket has not even asked it.
            FsError applied = await FileSystem.ApplyAllAsync();
            return applied == FsError.None ? await FileSystem.SyncAsync(ends) : applied;
        },
        cancel);

    /// <summary>All snapshots, oldest first.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<FsResult<IReadOnlyList<Snapshot>>> ListSnapshotsAsync(CancellationToken cancel) => Ask(ends => Snapshots.ListAsync(ends).AsTask(), cancel);

    /// <summary>The snapshot of a name; <see cref="FsError.NotFound"/> without one.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<FsResult<Snapshot>> FindSnapshotAsync(string name, CancellationToken cancel) => Ask(ends => Snapshots.FindAsync(name, ends).AsTask(), cancel);

    /// <summary>Takes a snapshot of everything written before the call; durable on return.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<FsResult<Snapshot>> CreateSnapshotAsync(string label, CancellationToken cancel) => Ask(ends => Snapshots.CreateAsync(label, ends), cancel);

    /// <summary>Deletes a snapshot; durable on return.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<FsError> DeleteSnapshotAsync(string name, CancellationToken cancel) => Ask(ends => Snapshots.DeleteAsync(name, ends), cancel);

    /// <summary>Tells what differs between a snapshot and a later one, or the live state, one after the other.</summary>
    /// <param name="from">The older one.</param>
    /// <param name="to">The newer one; null is the live state.</param>
    /// <param name="tell">Called with each; it ends when its token is cancelled.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>True: all were told.</returns>
    /// <exception cref="IOException">A snapshot went away, or a row cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<bool> CompareSnapshotsAsync(
        Snapshot from, Snapshot? to, Func<PathDifference, CancellationToken, ValueTask> tell, CancellationToken cancel) => Ask(
        async ends =>
        {
            await foreach (PathDifference difference in Snapshots.CompareAsync(from, to, ends))
            {
                await tell(difference, ends);
            }

            return true;
        },
        cancel);

    /// <summary>Tells what was removed or written over and can be had back, the latest loss first, for as long as <paramref name="tell"/> says so.</summary>
    /// <returns>Whether all were told.</returns>
    /// <exception cref="IOException">A row cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<bool> FindLostAsync(Func<LostVersion, bool> tell, CancellationToken cancel) => Ask(
        async ends =>
        {
            await foreach (LostVersion lost in Snapshots.FindLostAsync(ends))
            {
                if (!tell(lost))
                {
                    return false;
                }
            }

            return true;
        },
        cancel);

    private Task<T> Ask<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancel) => Ask(async () =>
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, _closing.Token);
        return await work(ends.Token);
    });

    // Closing waits for what somebody asked for and waits for.
    private Task<T> Ask<T>(Func<Task<T>> work)
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return Task.FromCanceled<T>(new CancellationToken(canceled: true));
            }

            Task<T> asked = Task.Run(work, CancellationToken.None);
            _asked = _asked.IsCompleted ? asked : Task.WhenAll(_asked, asked);
            return asked;
        }
    }

    private async Task<GarbageReport?> CollectGarbageAsync(VolumeWriter writer, IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        CompactionReport? compacted = await writer.Compactor.CompactAsync(CompactionOptions.Now with { Progress = progress }, ends.Token);
        await _parts.Metadata.MakeDurableAsync(_parts.Metadata.Applied, ends.Token);
        CollectionReport collected = await writer.Collector.CollectAsync(SegmentCollector.Grace, progress, ends.Token);
        await _parts.Metadata.MakeDurableAsync(_parts.Metadata.Applied, ends.Token);
        SpaceUsage? space = await writer.Compactor.CountAsync(ends.Token);
        return compacted is null || space is null
            ? null
            : new GarbageReport(
                compacted.Segments, compacted.CopiedBytes, collected.DeletedSegments, collected.DeletedBytes, space, compacted.IsComplete);
    }
}
