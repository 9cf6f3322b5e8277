using System.Runtime.CompilerServices;
using HipaaFs.Crypto;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite.Requests;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <content>The change stream, dumps and loads, on connections of their own.</content>
public sealed partial class SqliteMetadataStore
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<ChangeBatch> ChangesSinceAsync(
        CommitSequence after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        CommitSequence durable = Durable;
        using SqliteFile reader = await Task.Run(OpenReader, cancel);
        using Statement select = reader.Prepare(
            "SELECT first, last, batch FROM change WHERE last > ? AND last <= ? ORDER BY last LIMIT 1");
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (!select.Bind(1, after.Value).Bind(2, durable.Value).Step())
            {
                yield break;
            }

            // Reset before the caller runs: an open statement would keep the log from being begun anew.
            var batch = new ChangeBatch(new CommitSequence(select.UInt64(0)), new CommitSequence(select.UInt64(1)), select.Bytes(2));
            select.Reset();
            after = batch.Last;
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ChangeBatch> DumpAsync(CancellationToken cancel = default) => DumpAsync(isOfPast: false, cancel);

    /// <summary>Streams what <see cref="DumpAsync(CancellationToken)"/> does of rows that only snapshots show: table by table, of each the rows of one key after another in the order of their births.</summary>
    /// <exception cref="IOException">The rows cannot be read.</exception>
    public IAsyncEnumerable<ChangeBatch> DumpPastAsync(CancellationToken cancel = default) => DumpAsync(isOfPast: true, cancel);

    private async IAsyncEnumerable<ChangeBatch> DumpAsync(bool isOfPast, [EnumeratorCancellation] CancellationToken cancel)
    {
        using SqliteFile reader = await Task.Run(OpenReader, cancel);
        CommitSequence sequence = await BeginDurableReadAsync(reader, cancel);
        using var dump = new DumpReader(reader, sequence, isOfPast);
        while (dump.Next() is { } batch)
        {
            cancel.ThrowIfCancellationRequested();
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> LoadAsync(ChangeBatch batch, CancellationToken cancel = default)
    {
        if (!ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes))
        {
            return new ValueTask<MetadataResult<Applied>>(MetadataError.Conflict);
        }

        // Alone in its batch: its rows are not recorded as changes, those of other operations are.
        lock (_lock)
        {
            if (_options.ReadOnly || !_batch.TryCommit())
            {
                ReportFailure();
                return new ValueTask<MetadataResult<Applied>>(_options.ReadOnly ? MetadataError.ReadOnly : MetadataError.Failed);
            }

            MetadataResult<Applied<bool>> loaded = ApplyNow(Operations.Load, new LoadRequest(batch.Last, changes));
            if (!loaded.Succeeded)
            {
                return new ValueTask<MetadataResult<Applied>>(loaded.Error);
            }

            _batch.AdvanceTo(batch.Last);
            bool kept = _batch.TryCommit();
            ReportFailure();
            _nextInode = Math.Max(_nextInode, _tables.Volume.Get(StoredCounter.NextInode));
            _inodeCeiling = Math.Max(_nextInode, _inodeCeiling);
            return new ValueTask<MetadataResult<Applied>>(kept ? new Applied(_batch.Applied) : MetadataError.Failed);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListUnreferencedSegmentsAsync(
        int limit, CancellationToken cancel = default)
    {
        try
        {
            return new MetadataResult<IReadOnlyList<SegmentRow>>(await Task.Run(() => ReadUnreferenced(limit), cancel));
        }
        catch (SqliteFailureException failure)
        {
            return ReadFailed(failure);
        }
    }

    private List<SegmentRow> ReadUnreferenced(int limit)
    {
        using SqliteFile reader = OpenReader();
        using Statement select = reader.Prepare($"""
            SELECT {SegmentTable.Columns} FROM segment WHERE state = ?
                AND NOT EXISTS (SELECT 1 FROM extent WHERE extent.segment = segment.id)
                AND NOT EXISTS (SELECT 1 FROM extent_past WHERE extent_past.segment = segment.id)
            ORDER BY id LIMIT ?
            """);
        select.Bind(1, (long)SegmentState.Live).Bind(2, limit);
        var rows = new List<SegmentRow>();
        while (select.Step())
        {
            rows.Add(SegmentTable.Read(select));
        }

        return rows;
    }

    // The reader's snapshot must be a durable commit: it is taken while the newest commit is one.
    private async ValueTask<CommitSequence> BeginDurableReadAsync(SqliteFile reader, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            while (true)
            {
                MetadataResult<CommitSequence> durable = _options.ReadOnly ? Durable : await Task.Run(CommitAndSync, cancel);
                if (!durable.Succeeded)
                {
                    throw new IOException($"dump of the metadata: {durable.Error}");
                }

                lock (_lock)
                {
                    if (_batch.Committed == Durable)
                    {
                        reader.Execute("BEGIN");
                        _ = reader.QueryInt64("SELECT count(*) FROM counter");
                        return Durable;
                    }
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }
}
