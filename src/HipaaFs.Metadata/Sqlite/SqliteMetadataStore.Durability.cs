using System.Diagnostics;
using HipaaFs.Metadata.Sqlite.Requests;

namespace HipaaFs.Metadata.Sqlite;

/// <content>Commits, syncs, checkpoints, and the timer that does them unasked.</content>
public sealed partial class SqliteMetadataStore
{
    private const ulong InodeStep = 1UL << 20;

    /// <inheritdoc/>
    public ValueTask<MetadataResult<CommitSequence>> MakeDurableAsync(CommitSequence upTo, CancellationToken cancel = default)
    {
        if (Durable >= upTo && !_failure.IsCancellationRequested)
        {
            return new ValueTask<MetadataResult<CommitSequence>>(Durable);
        }

        return SyncAsync(upTo, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<InodeRange>> ReserveInodesAsync(
        SessionId session, int count, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        while (true)
        {
            ulong ceiling;
            lock (_lock)
            {
                if (_nextInode + (ulong)count <= _inodeCeiling)
                {
                    var range = new InodeRange(new InodeId(_nextInode), count);
                    _nextInode += (ulong)count;
                    return _batch.Failed ? MetadataError.Failed : range;
                }

                ceiling = _inodeCeiling + Math.Max((ulong)count, InodeStep);
            }

            if (ceiling > InodeId.MaxValue.Value + 1)
            {
                return MetadataError.NoSpace;
            }

            // Numbers below a durable ceiling may be used by rows that are not durable, and are still never given again.
            MetadataResult<Applied<bool>> raised = ApplyNow(Operations.RaiseNextInode, new RaiseNextInodeRequest(ceiling));
            MetadataResult<CommitSequence> durable = raised.Succeeded
                ? await MakeDurableAsync(raised.Value.Sequence, cancel)
                : raised.Error;
            if (!durable.Succeeded)
            {
                return durable.Error;
            }

            lock (_lock)
            {
                _inodeCeiling = Math.Max(_inodeCeiling, ceiling);
            }
        }
    }

    private async ValueTask<MetadataResult<CommitSequence>> SyncAsync(CommitSequence upTo, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            // Whoever held the gate before may have synced this caller's operations too.
            if (Durable >= upTo && !_failure.IsCancellationRequested)
            {
                return Durable;
            }

            return await Task.Run(CommitAndSync, CancellationToken.None);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Under _gate.
    private MetadataResult<CommitSequence> CommitAndSync()
    {
        CommitSequence committed;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            bool kept = _batch.TryCommit();
            ReportFailure();
            if (!kept)
            {
                return MetadataError.Failed;
            }

            committed = _batch.Committed;
        }

        if (committed <= Durable)
        {
            return Durable;
        }

        try
        {
            _log!.Sync();
        }
        catch (IOException exception)
        {
            LogSyncFailed(_logger, exception);
            lock (_lock)
            {
                _batch.Fail(exception);
                ReportFailure();
            }

            return MetadataError.Failed;
        }

        Volatile.Write(ref _durable, (long)committed.Value);
        return committed;
    }

    private void Tick()
    {
        _gate.Wait();
        try
        {
            lock (_lock)
            {
                _timerArmed = false;
                if (_disposed || _batch.Failed)
                {
                    return;
                }

                // In one hold of the lock: what is done upon a purge, the redo list could not do again without it. A refusal is logged, and tried again with the next tick.
                _ = _batch.TryPurge() && _batch.TryCommit();
                ReportFailure();
            }

            _ = CommitAndSync();
            Checkpoint();
            if (_ballast.IsMissing)
            {
                _ = _ballast.TryRestore();
            }

            ArmTimerForPurges();
        }
        finally
        {
            _gate.Release();
        }
    }

    // Under _gate. The first pass, outside the lock, does the bulk and syncs it; the second finds what was committed
    // meanwhile, and leaves a log that is copied as a whole, so that the next transaction writes it from the start.
    private void Checkpoint()
    {
        lock (_lock)
        {
            if (_batch.Failed || _file.BytesWritten < _options.CheckpointBytes)
            {
                return;
            }
        }

        try
        {
            _checkpointer!.Checkpoint();
            _ = CommitAndSync();
            lock (_lock)
            {
                if (_batch.TryCommit() && !_batch.IsOpen)
                {
                    _file.Checkpoint();
                    _file.ResetBytesWritten();
                }

                ReportFailure();
            }
        }
        catch (SqliteFailureException failure)
        {
            LogCheckpointFailed(_logger, failure);
        }
    }

    private void ArmTimer()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        if (_timerArmed || !_batch.IsOpen || _timer is null)
        {
            return;
        }

        _timerArmed = true;
        _timer.Change(_options.CommitInterval, Timeout.InfiniteTimeSpan);
    }

    private void ArmTimerForPurges()
    {
        lock (_lock)
        {
            if (_batch.HasPurges && !_timerArmed && !_batch.Failed)
            {
                _timerArmed = true;
                _timer!.Change(_options.CommitInterval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void ReportFailure()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        if (_batch.Failed && !_failure.IsCancellationRequested)
        {
            // Callbacks must not run under the lock.
            _ = _failure.CancelAsync();
        }
    }
}
