using System.Globalization;
using System.Text;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Sessions;

namespace HipaaFs.Snapshots;

/// <summary>The snapshots of a volume by name and time. Labels are sealed as names are: they are told to nobody without the key.</summary>
/// <remarks>Thread-safe. Of two that give the same label at once, one fails.</remarks>
internal sealed class SnapshotCatalog : IDisposable
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH.mm.ss'Z'";

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IMetadataStore _metadata;
    private readonly VolumeNames _names;
    private readonly SessionClock _clock;

    internal SnapshotCatalog(IMetadataStore metadata, VolumeNames names, SessionClock clock)
    {
        _metadata = metadata;
        _names = names;
        _clock = clock;
    }

    /// <summary>Whether a label can name a directory and is told apart from the names of snapshots without one.</summary>
    internal static bool IsValidLabel(string label) =>
        label is not ("" or "." or "..")
        && Encoding.UTF8.GetByteCount(label) <= VolumeNames.MaxName
        && !label.Contains('/', StringComparison.Ordinal)
        && !label.Any(char.IsControl)
        && !TryParseTime(label, out _);

    /// <summary>All snapshots, oldest first.</summary>
    internal async ValueTask<FsResult<IReadOnlyList<Snapshot>>> ListAsync(CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SnapshotRow>> rows = await _metadata.ListSnapshotsAsync(cancel);
        if (!rows.Succeeded)
        {
            return rows.Error.ToFsError();
        }

        var snapshots = new List<Snapshot>(rows.Value.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (SnapshotRow row in rows.Value)
        {
            Snapshot? snapshot = Describe(row);
            if (snapshot is null)
            {
                return FsError.NotAuthentic;
            }

            // Two without a label may be of one second: the later one gets its number too.
            snapshots.Add(names.Add(snapshot.Name) ? snapshot : snapshot with { Name = $"{snapshot.Name}-{row.Id}" });
        }

        return snapshots;
    }

    /// <summary>The snapshot of a name.</summary>
    internal async ValueTask<FsResult<Snapshot>> FindAsync(string name, CancellationToken cancel)
    {
        FsResult<IReadOnlyList<Snapshot>> all = await ListAsync(cancel);
        if (!all.IsOk)
        {
            return all.Error;
        }

        return all.Value.FirstOrDefault(snapshot => snapshot.Name == name) is { } found ? found : FsError.NotFound;
    }

    private async ValueTask<FsResult<Snapshot>> FindAsync(SnapshotId id, CancellationToken cancel)
    {
        FsResult<IReadOnlyList<Snapshot>> all = await ListAsync(cancel);
        if (!all.IsOk)
        {
            return all.Error;
        }

        return all.Value.FirstOrDefault(snapshot => snapshot.Id == id) is { } found ? found : FsError.NotFound;
    }

    /// <summary>The newest snapshot that is not younger than a time.</summary>
    internal async ValueTask<FsResult<Snapshot>> FindAtAsync(DateTimeOffset time, CancellationToken cancel)
    {
        FsResult<IReadOnlyList<Snapshot>> all = await ListAsync(cancel);
        if (!all.IsOk)
        {
            return all.Error;
        }

        return all.Value.LastOrDefault(snapshot => snapshot.Created <= time) is { } found ? found : FsError.NotFound;
    }

    /// <summary>Takes a snapshot of what is applied; durable on return.</summary>
    internal async ValueTask<FsResult<Snapshot>> CreateAsync(string? label, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (label is not null && (await FindAsync(label, cancel)) is var found && found.Error != FsError.NotFound)
            {
                return found.IsOk ? FsError.Exists : found.Error;
            }

            byte[] stored = label is null ? [] : _names.SealLabel(Encoding.UTF8.GetBytes(label));
            MetadataResult<Applied<SnapshotRow>> created = await _metadata.CreateSnapshotAsync(
                _clock.NextOperation(), stored, _clock.Now, CancellationToken.None);
            if (!created.Succeeded)
            {
                return created.Error.ToFsError();
            }

            MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(created.Value.Sequence, CancellationToken.None);
            if (!durable.Succeeded)
            {
                return durable.Error.ToFsError();
            }

            return await FindAsync(created.Value.Value.Id, CancellationToken.None);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Deletes a snapshot; durable on return. What only it showed goes by and by.</summary>
    internal async ValueTask<FsError> DeleteAsync(SnapshotId snapshot)
    {
        MetadataResult<Applied> deleted = await _metadata.DeleteSnapshotAsync(_clock.NextOperation(), snapshot, CancellationToken.None);
        if (!deleted.Succeeded)
        {
            return deleted.Error.ToFsError();
        }

        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(deleted.Value.Sequence, CancellationToken.None);
        return durable.Error.ToFsError();
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private Snapshot? Describe(in SnapshotRow row)
    {
        DateTimeOffset created = row.Created.ToDateTimeOffset();
        if (row.Label.IsEmpty)
        {
            return new Snapshot(row.Id, NameAt(created), created, HasLabel: false);
        }

        return _names.TryOpenLabel(row.Label.Span) is { } label
            ? new Snapshot(row.Id, Encoding.UTF8.GetString(label), created, HasLabel: true)
            : null;
    }

    private static string NameAt(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static bool TryParseTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
