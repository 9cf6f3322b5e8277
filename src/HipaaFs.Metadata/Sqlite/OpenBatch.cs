using HipaaFs.Metadata.Sqlite.Rules;
using HipaaFs.Metadata.Sqlite.Tables;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>Applies operations inside one open transaction and commits them together.</summary>
/// <remarks>
/// <para>The operations of the open transaction are a redo list. When a statement or COMMIT fails, the transaction is rolled
/// back, the ballast is given up, the list is done again and committed. When that fails too, the store has failed.</para>
/// <para>Not thread-safe; used under the store's lock only.</para>
/// </remarks>
internal sealed partial class OpenBatch
{
    private readonly SqliteFile _file;
    private readonly LiveTables _tables;
    private readonly RuleSet _rules;
    private readonly Ballast _ballast;
    private readonly SqliteMetadataOptions _options;
    private readonly ILogger _logger;
    private readonly RememberedAnswers _answers = new();
    private readonly List<Done> _redo = [];
    private Transaction _transaction;
    private bool _purged;

    public OpenBatch(SqliteFile file, LiveTables tables, Ballast ballast, SqliteMetadataOptions options, ILogger logger)
    {
        _file = file;
        _tables = tables;
        _rules = new RuleSet(tables);
        _ballast = ballast;
        _options = options;
        _logger = logger;
        Applied = tables.Recall();
        Committed = Applied;
    }

    /// <summary>The newest applied operation.</summary>
    public CommitSequence Applied { get; private set; }

    /// <summary>The newest operation in the write-ahead log.</summary>
    public CommitSequence Committed { get; private set; }

    /// <summary>Whether everything after the last durable commit was lost.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether a transaction is open, for reading or writing.</summary>
    public bool IsOpen => _transaction != Transaction.None;

    /// <summary>Opens a transaction for reads, so that not each of them takes and drops the locks of its own.</summary>
    public void BeginRead()
    {
        if (_transaction == Transaction.None)
        {
            _file.Execute("BEGIN");
            _transaction = Transaction.Reading;
        }
    }

    /// <summary>Applies one operation. With an error nothing changed.</summary>
    public MetadataResult<Applied<T>> Apply<T>(Operation<T> operation, MetadataRequest request)
    {
        if (Failed)
        {
            return MetadataError.Failed;
        }

        if (_answers.Find(request.Operation) is { } known)
        {
            return known is Applied<T> answer ? answer : MetadataError.Conflict;
        }

        MetadataResult<T> result;
        bool ended = false;
        try
        {
            result = TryApply(operation, request);
            ended = true;
        }
        catch (SqliteFailureException failure)
        {
            result = ApplyAgain(operation, request, failure);
            ended = true;
        }
        finally
        {
            // An exception that nobody expected may leave half an operation behind; the others are kept.
            if (!ended)
            {
                Recover(new SqliteFailureException(SQLitePCL.raw.SQLITE_INTERNAL, "an operation ended unexpectedly"));
            }
        }

        if (!result.Succeeded)
        {
            return result.Error;
        }

        Applied = new CommitSequence(Applied.Value + 1);
        _redo.Add(new Done(operation, request, Applied));
        var applied = new Applied<T>(result.Value, Applied);
        _answers.Add(request.Operation, applied);
        return _redo.Count < _options.MaxBatchOperations || TryCommit() ? applied : MetadataError.Failed;
    }

    /// <summary>Moves the sequence on, for rows of a store that was further.</summary>
    public void AdvanceTo(CommitSequence sequence) =>
        Applied = sequence > Applied ? sequence : Applied;

    /// <summary>Whether inodes that are gone or deleted snapshots left something behind.</summary>
    public bool HasPurges => _tables.Orphans.HasPurges || _tables.Snapshots.Gone.Count > 0;

    /// <summary>Deletes one slice of what inodes that are gone, and one of what deleted snapshots left behind. False when the database refused.</summary>
    public bool TryPurge()
    {
        if (Failed || !HasPurges)
        {
            return !Failed;
        }

        try
        {
            Begin();
            _purged = true;
            _rules.Removal.PurgeSlice();
            _rules.History.PurgeSlice();
            return true;
        }
        catch (SqliteFailureException failure)
        {
            _ = Recover(failure);
            return false;
        }
    }

    /// <summary>Writes the open transaction to the write-ahead log. False when the store has failed.</summary>
    public bool TryCommit()
    {
        if (Failed || _transaction == Transaction.None)
        {
            return !Failed;
        }

        try
        {
            Commit();
            return true;
        }
        catch (SqliteFailureException failure)
        {
            return Recover(failure);
        }
    }

    /// <summary>Gives up everything that is not durable.</summary>
    public void Fail(Exception cause)
    {
        if (Failed)
        {
            return;
        }

        Failed = true;
        _transaction = Transaction.None;
        _redo.Clear();
        _file.TryRollback();
        LogFailed(_logger, cause);
    }

    private MetadataResult<T> TryApply<T>(Operation<T> operation, MetadataRequest request)
    {
        Begin();
        _tables.Context.Sequence = new CommitSequence(Applied.Value + 1);
        MetadataResult<T> result = operation.Apply(_rules, request);
        Check(_options.Faults?.AfterOperation);
        return result;
    }

    // The operation that failed is not in the redo list yet: without room for it, all others are kept.
    private MetadataResult<T> ApplyAgain<T>(Operation<T> operation, MetadataRequest request, SqliteFailureException failure)
    {
        if (!Recover(failure))
        {
            return MetadataError.Failed;
        }

        try
        {
            return TryApply(operation, request);
        }
        catch (SqliteFailureException second)
        {
            LogRefused(_logger, second);
            if (!TryRollBack())
            {
                return MetadataError.Failed;
            }

            return second.IsFull ? MetadataError.NoSpace : MetadataError.Io;
        }
    }

    private bool Recover(SqliteFailureException cause)
    {
        bool released = _ballast.Release();
        LogRecovering(_logger, _redo.Count, released, cause);
        if (!TryRollBack())
        {
            return false;
        }

        try
        {
            Begin();
            foreach (Done done in _redo)
            {
                _tables.Context.Sequence = done.Sequence;
                if (!done.Operation.Redo(_rules, done.Request))
                {
                    throw new SqliteFailureException(SQLitePCL.raw.SQLITE_INTERNAL, "an operation of the redo list was refused");
                }
            }

            Commit();
            return true;
        }
        catch (SqliteFailureException failure)
        {
            Fail(failure);
            return false;
        }
    }

    private void Begin()
    {
        if (_transaction == Transaction.Writing)
        {
            return;
        }

        if (_transaction == Transaction.Reading)
        {
            _file.Execute("COMMIT");
            _transaction = Transaction.None;
        }

        _file.Execute("BEGIN IMMEDIATE");
        _transaction = Transaction.Writing;
    }

    private void Commit()
    {
        if (_redo.Count == 0 && !_purged)
        {
            _file.Execute("COMMIT");
            _transaction = Transaction.None;
            return;
        }

        byte[]? changes = _tables.Context.Changes.Encode(new CommitSequence(Committed.Value + 1), Applied);
        if (changes is not null)
        {
            _tables.Changes.Add(new CommitSequence(Committed.Value + 1), Applied, changes);
        }

        _tables.Flush(Applied);
        Check(_options.Faults?.BeforeCommit);
        _file.Execute("COMMIT");
        _transaction = Transaction.None;
        Committed = Applied;
        _purged = false;
        _redo.Clear();
        _tables.Context.Changes.Clear();
    }

    private bool TryRollBack()
    {
        _file.TryRollback();
        _transaction = Transaction.None;
        _purged = false;
        try
        {
            _ = _tables.Recall();
            return true;
        }
        catch (SqliteFailureException failure)
        {
            Fail(failure);
            return false;
        }
    }

    private static void Check(Func<int>? fault)
    {
        if (fault?.Invoke() is { } code and not 0)
        {
            throw new SqliteFailureException(code, "fault");
        }
    }

    [LoggerMessage(600, LogLevel.Warning, "A metadata batch of {Operations} operations failed and is written again (ballast released: {Released})")]
    private static partial void LogRecovering(ILogger logger, int operations, bool released, Exception cause);

    [LoggerMessage(601, LogLevel.Warning, "A metadata operation was refused for lack of room or by the device")]
    private static partial void LogRefused(ILogger logger, Exception cause);

    [LoggerMessage(602, LogLevel.Critical, "The metadata store failed: every change after the last durable commit is lost")]
    private static partial void LogFailed(ILogger logger, Exception cause);

    private enum Transaction
    {
        None,
        Reading,
        Writing,
    }

    private readonly record struct Done(Operation Operation, MetadataRequest Request, CommitSequence Sequence);
}
