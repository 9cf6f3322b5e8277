using Microsoft.Extensions.Logging;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>Keeps the metadata of a volume in an SQLite database on a local disk, for one process at a time.</summary>
/// <remarks>
/// <para>One connection writes, inside a transaction that stays open between operations, and serves every read of the live
/// view, since only it sees the open transaction. It is used under one lock, which is held for the work of statements.</para>
/// <para>Durability, step by step: (1) COMMIT under the lock; SQLite, told synchronous = NORMAL, writes the write-ahead log
/// and does not sync it; (2) fdatasync of the log outside the lock, one at a time, for everybody who waits; (3) the sequence
/// of step 1 is durable. A timer does the same for operations nobody waits for.</para>
/// <para>Checkpoints: when enough was written to the log, it is copied into the database by a connection of its own,
/// outside the lock; the little that was added meanwhile follows under the lock, so that the next transaction begins the log anew.</para>
/// <para>Others than this process are kept out by the caller, who locks the volume.</para>
/// </remarks>
public sealed partial class SqliteMetadataStore : IMetadataStore
{
    private readonly SqliteMetadataOptions _options;
    private readonly ILogger _logger;
    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _failure = new();
    private readonly SqliteFile _file;                  // Guarded by _lock.
    private readonly Tables.LiveTables _tables;         // Guarded by _lock.
    private readonly OpenBatch _batch;                  // Guarded by _lock.
    private readonly SqliteFile? _checkpointer;         // Guarded by _gate.
    private readonly WriteAheadLog? _log;               // Guarded by _gate.
    private readonly Ballast _ballast;                  // Release under _lock, restored under _gate.
    private readonly ITimer? _timer;
    private ulong _nextInode;                           // Guarded by _lock.
    private ulong _inodeCeiling;                        // Guarded by _lock.
    private long _durable;                              // Written under _gate.
    private bool _timerArmed;                           // Guarded by _lock.
    private bool _disposed;                             // Guarded by _lock.

    private SqliteMetadataStore(SqliteOpening opening, TimeProvider time, ILogger logger)
    {
        _options = opening.Options;
        _logger = logger;
        _path = opening.Path;
        _file = opening.File;
        _tables = opening.Tables;
        _checkpointer = opening.Checkpointer;
        _log = opening.Log;
        _ballast = new Ballast(_options.ReadOnly ? null : _options.BallastPath, _options.BallastBytes);
        _batch = new OpenBatch(_file, _tables, _ballast, _options, logger);
        _durable = (long)_batch.Committed.Value;
        _nextInode = Math.Max(_tables.Volume.Get(Sqlite.Tables.StoredCounter.NextInode), InodeId.Root.Value + 1);
        _inodeCeiling = _nextInode;
        if (!_options.ReadOnly)
        {
            _timer = time.CreateTimer(static state => ((SqliteMetadataStore)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (!_ballast.TryRestore() && _options.BallastPath is not null)
            {
                LogNoBallast(_logger);
            }

            ArmTimerForPurges();
        }
    }

    /// <inheritdoc/>
    public VolumeUsage Usage
    {
        get
        {
            lock (_lock)
            {
                return _tables.Usage.Total;
            }
        }
    }

    /// <inheritdoc/>
    public VolumeUsage GetUsage(uint placement)
    {
        lock (_lock)
        {
            return _tables.Usage.Of(placement);
        }
    }

    /// <inheritdoc/>
    public VolumeUsage GetUsage(uint placement, uint uid)
    {
        lock (_lock)
        {
            return _tables.Usage.Of(placement, uid);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<OwnerUsage> ListUsage()
    {
        lock (_lock)
        {
            return _tables.Usage.List();
        }
    }

    /// <inheritdoc/>
    public CommitSequence Applied
    {
        get
        {
            lock (_lock)
            {
                return _batch.Applied;
            }
        }
    }

    /// <inheritdoc/>
    public CommitSequence Durable => new((ulong)Volatile.Read(ref _durable));

    /// <inheritdoc/>
    public CancellationToken Failure => _failure.Token;

    /// <summary>Opens the database, creating it or bringing its schema up to date. The caller has locked the volume.</summary>
    public static SqliteOpenResult Open(SqliteMetadataOptions options, TimeProvider time, ILogger logger)
    {
        SqliteOpenError error = SqliteOpening.TryOpen(options, out SqliteOpening? opening, out string detail);
        return error == SqliteOpenError.None
            ? new SqliteOpenResult(new SqliteMetadataStore(opening!, time, logger), error, string.Empty)
            : new SqliteOpenResult(null, error, detail);
    }

    /// <summary>Lets SQLite check the structure of the database file (PRAGMA quick_check). False when it is broken.</summary>
    public async ValueTask<MetadataResult<bool>> VerifyFileAsync(CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        return await Task.Run(MetadataResult<bool> () =>
        {
            try
            {
                using SqliteFile reader = OpenReader();
                return reader.QueryText("PRAGMA quick_check") == "ok";
            }
            catch (SqliteFailureException failure)
            {
                return failure.Code is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB ? false : ReadFailed(failure);
            }
        }, cancel);
    }

    /// <summary>Makes everything applied durable, copies the log into the database and closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
        }

        if (!_options.ReadOnly)
        {
            _ = await MakeDurableAsync(Applied);
        }

        if (_timer is not null)
        {
            await _timer.DisposeAsync();
        }

        await _gate.WaitAsync();
        try
        {
            lock (_lock)
            {
                _disposed = true;
                _tables.Dispose();
                _file.TryRollback();
                _checkpointer?.Dispose();
                _file.Dispose(); // The last connection copies the log and removes it.
                _log?.Dispose();
            }
        }
        finally
        {
            _gate.Release();
        }

        _failure.Dispose();
    }

    /// <summary>What all look-ups and changes go over; for tests that count what SQLite does, while nothing else uses the store.</summary>
    internal SQLitePCL.sqlite3 Connection => _file.Handle;

    private SqliteFile OpenReader() =>
        SqliteFile.Open(_path, Microsoft.Data.Sqlite.SqliteOpenMode.ReadOnly, cacheBytes: 1 << 20);

    // The one way to read the live view. Static lambdas with their argument, so that nothing is allocated.
    internal ValueTask<MetadataResult<T>> Read<TArgument, T>(
        TArgument argument, Func<Tables.LiveTables, TArgument, MetadataResult<T>> read)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_batch.Failed)
            {
                return new ValueTask<MetadataResult<T>>(MetadataError.Failed);
            }

            try
            {
                if (!_options.ReadOnly)
                {
                    _batch.BeginRead();
                    ArmTimer();
                }

                return new ValueTask<MetadataResult<T>>(read(_tables, argument));
            }
            catch (SqliteFailureException failure)
            {
                return new ValueTask<MetadataResult<T>>(ReadFailed(failure));
            }
        }
    }

    // The one way to change the live view.
    private MetadataResult<Applied<T>> ApplyNow<T>(Operation<T> operation, MetadataRequest request)
    {
        if (_options.ReadOnly)
        {
            return MetadataError.ReadOnly;
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            MetadataResult<Applied<T>> result = _batch.Apply(operation, request);
            ReportFailure();
            ArmTimer();
            return result;
        }
    }

    private ValueTask<MetadataResult<Applied<T>>> Apply<T>(Operation<T> operation, MetadataRequest request) =>
        new(ApplyNow(operation, request));

    private ValueTask<MetadataResult<Applied>> ApplyPlain(Operation<bool> operation, MetadataRequest request)
    {
        MetadataResult<Applied<bool>> result = ApplyNow(operation, request);
        return new ValueTask<MetadataResult<Applied>>(
            result.Succeeded ? new Applied(result.Value.Sequence) : result.Error);
    }

    private MetadataError ReadFailed(SqliteFailureException failure)
    {
        LogReadFailed(_logger, failure);
        return MetadataError.Io;
    }

    [LoggerMessage(610, LogLevel.Error, "Reading the metadata database failed")]
    private static partial void LogReadFailed(ILogger logger, Exception cause);

    [LoggerMessage(611, LogLevel.Warning, "There is no room for the ballast file of the metadata store")]
    private static partial void LogNoBallast(ILogger logger);

    [LoggerMessage(612, LogLevel.Error, "The write-ahead log of the metadata store could not be synced")]
    private static partial void LogSyncFailed(ILogger logger, Exception cause);

    [LoggerMessage(613, LogLevel.Warning, "Copying the write-ahead log into the metadata database failed; it is tried again")]
    private static partial void LogCheckpointFailed(ILogger logger, Exception cause);
}
