using System.Buffers.Binary;
using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Sessions;

/// <summary>Compares what a store shows with what this copy of its volume has seen, before the copy may write to it.</summary>
/// <remarks>
/// <para>What the copy has seen is taken down when it is opened, before its new session; the comparison may come later, when the store answers.</para>
/// <para>A copy that was just restored is behind its store whenever the original still runs: to take over from that one is what a restore is for. So it passes until it has
/// opened a session of its own, and until it has noted a publication of its own the stream is not compared: what is newer there is what it was restored without. As long,
/// its segments are looked for instead: whoever wrote to the store since the restore may have deleted what it does not need any more and this copy does.</para>
/// </remarks>
internal sealed class RollbackCheck
{
    // The newest session when the copy was restored, u64; how many segments the store lacked then, u64.
    private const string RestoredSetting = "restored";
    private const int RestoredSize = 2 * sizeof(ulong);

    private const int SegmentRows = 256;

    private readonly IObjectStore _store;
    private readonly KeyRing _ring;
    private readonly VolumeOptions _options;
    private readonly IMetadataStore _metadata;
    private readonly ulong _home; // Its mask.
    private readonly SessionRow _session; // The newest.
    private readonly ulong _applied;
    private readonly PublishedPoint? _published;
    private readonly (ulong Session, long Missing)? _restored;

    private RollbackCheck(
        IObjectStore store,
        KeyRing ring,
        VolumeOptions options,
        IMetadataStore metadata,
        ulong home,
        SessionRow session,
        PublishedPoint? published,
        (ulong Session, long Missing)? restored)
    {
        _store = store;
        _ring = ring;
        _options = options;
        _metadata = metadata;
        _home = home;
        _session = session;
        _applied = metadata.Applied.Value;
        _published = published;
        _restored = restored;
    }

    /// <summary>How many segments were deleted from the store since this copy was restored, as the last comparison found.</summary>
    internal long Deleted { get; private set; }

    // Restored, and never opened for writing since.
    private bool IsFresh => _restored is { } restored && restored.Session == _session.Id.Value;

    private bool HasPublished => _restored is not { } restored || _published?.Session > restored.Session;

    /// <summary>Whether a session that was claimed in a mirror says that another copy was opened since, which is not accepted: a later one, or this copy's last one by somebody else.</summary>
    internal bool IsBehind(ulong claimed, SessionHolder? by) =>
        (claimed > _session.Id.Value || (claimed == _session.Id.Value && by is not null && (by.Host != _session.Host || by.ProcessId != _session.ProcessId)))
        && !IsFresh
        && !_options.TakeOver;

    /// <summary>Takes down what this copy has seen.</summary>
    /// <param name="store">The volume's home.</param>
    /// <param name="home">Its number.</param>
    /// <param name="ring">The key ring.</param>
    /// <param name="options">What whoever opens the volume accepts.</param>
    /// <param name="metadata">The copy.</param>
    /// <param name="cancel">Ends it.</param>
    internal static async ValueTask<MetadataResult<RollbackCheck>> PrepareAsync(
        IObjectStore store, int home, KeyRing ring, VolumeOptions options, IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<SessionRow> session = await FindSessionAsync(metadata, cancel);
        if (!session.Succeeded)
        {
            return session.Error;
        }

        MetadataResult<ReadOnlyMemory<byte>> published = await metadata.GetSettingAsync(PublishedPoint.Setting, cancel);
        (ulong Session, long Missing)? note = await ReadRestoredAsync(metadata, cancel);
        PublishedPoint? point = published.Succeeded ? PublishedPoint.TryDecode(published.Value.Span) : null;
        return new RollbackCheck(store, ring, options, metadata, SegmentCopies.In(home), session.Value, point, note);
    }

    /// <summary>Notes that the copy was made by a restore.</summary>
    internal static async ValueTask<MetadataError> NoteRestoredAsync(IMetadataStore metadata, long missingSegments, CancellationToken cancel)
    {
        MetadataResult<SessionRow> session = await FindSessionAsync(metadata, cancel);
        if (!session.Succeeded)
        {
            return session.Error;
        }

        return (await metadata.SetSettingAsync(OperationId.None, RestoredSetting, EncodeRestored(session.Value.Id.Value, missingSegments), cancel)).Error;
    }

    /// <summary>The row that notes so many more segments as missing since the restore, or less when it is negative; null when the copy was not made by one.</summary>
    internal static async ValueTask<SettingChange?> NoteMissingAsync(IMetadataStore metadata, long more, CancellationToken cancel) =>
        await ReadRestoredAsync(metadata, cancel) is { } restored
            ? new SettingChange(ChangeKind.Upsert, RestoredSetting, EncodeRestored(restored.Session, Math.Max(0, restored.Missing + more)))
            : null;

    /// <summary>Compares.</summary>
    /// <param name="own">The session that this opening may have claimed already; 0 when it has not tried yet.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async ValueTask<StoreResult<RollbackFinding>> RunAsync(ulong own, CancellationToken cancel)
    {
        StoreResult<RollbackFinding> found = await CompareAsync(own, cancel);
        bool isAccepted = found.Succeeded && found.Value switch
        {
            RollbackFinding.StoreIsOlder => _options.AcceptOlderStore,
            RollbackFinding.CopyIsOlder or RollbackFinding.OtherIsNewer or RollbackFinding.SegmentsAreGone => _options.TakeOver,
            _ => false,
        };
        return isAccepted ? RollbackFinding.None : found;
    }

    private async ValueTask<StoreResult<RollbackFinding>> CompareAsync(ulong own, CancellationToken cancel)
    {
        StoreResult<bool> isOurs = await IsOfVolumeAsync(cancel); // A store that was away may come back as another: a disk, a share, a name.
        if (!isOurs.Succeeded)
        {
            return isOurs.Error;
        }

        if (!isOurs.Value)
        {
            return RollbackFinding.StoreIsAnothers;
        }

        StoreResult<ulong> claimed = await SessionFence.FindNewestAsync(_store, cancel);
        if (!claimed.Succeeded)
        {
            return claimed.Error;
        }

        if (claimed.Value > Math.Max(_session.Id.Value, own) && !IsFresh)
        {
            return RollbackFinding.OtherIsNewer;
        }

        // The ring went to the store before it came to this machine.
        StoreResult<ObjectProperties> ring = await _store.GetPropertiesAsync(StoreLayout.Ring(_ring.Generation), cancel);
        if (!ring.Succeeded)
        {
            return ring.Error == StoreError.NotFound ? RollbackFinding.StoreIsOlder : ring.Error;
        }

        return HasPublished ? await CompareStreamAsync(cancel) : await CompareSegmentsAsync(_restored!.Value.Missing, cancel);
    }

    private async ValueTask<StoreResult<bool>> IsOfVolumeAsync(CancellationToken cancel)
    {
        byte[] content = new byte[VolumeIdentity.MaxLength];
        StoreResult<int> read = await _store.ReadAsync(StoreLayout.Volume, EntityTag.Any, 0, content, cancel);
        return read.Succeeded ? VolumeIdentity.TryParse(content.AsSpan(0, read.Value))?.Id == _options.VolumeId
            : read.Error == StoreError.NotFound ? false
            : read.Error;
    }

    // What was staged since is in no store, and its rows say so. What this copy condemned since it does not need.
    private async ValueTask<StoreResult<RollbackFinding>> CompareSegmentsAsync(long missingBefore, CancellationToken cancel)
    {
        StoreResult<Dictionary<SegmentId, long>> stored = await StoredSegments.ListAsync(_store, static _ => { }, cancel);
        if (!stored.Succeeded)
        {
            return stored.Error;
        }

        long missing = 0;
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListSegmentsAsync(SegmentState.Live, after, SegmentRows, cancel);
            if (!rows.Succeeded)
            {
                throw new IOException($"the volume's segments cannot be listed: {rows.Error}");
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row.Id;
                bool isExpected = (row.Copies & _home) != 0;
                missing += !isExpected || (stored.Value.TryGetValue(row.Id, out long length) && length == row.ObjectLength) ? 0 : 1;
            }

            if (rows.Value.Count == 0)
            {
                Deleted = Math.Max(0, missing - missingBefore);
                return Deleted == 0 ? RollbackFinding.None : RollbackFinding.SegmentsAreGone;
            }
        }
    }

    private async ValueTask<StoreResult<RollbackFinding>> CompareStreamAsync(CancellationToken cancel)
    {
        ObjectKey? noted = _published is null ? null : StoreLayout.BeforeStream(_published.Session, _published.Number);
        StoreResult<List<ObjectProperties>> listed = await ListAsync(noted, cancel);
        if (!listed.Succeeded)
        {
            return listed.Error;
        }

        // Without the noted object the store was put back, unless a copy that went on has published so much since that it deleted it.
        List<ObjectProperties> objects = listed.Value;
        RollbackFinding without = _published is not null && (objects.Count == 0 || !IsNoted(objects[0])) ? RollbackFinding.StoreIsOlder : RollbackFinding.None;

        // A publication is noted after it is made, so a crash forgets the note, but never the commits that were published: those were durable before. What is not
        // authentic proves nothing, whatever its name says, and the next publication does not hang on it.
        var reader = new StreamObjectReader(_ring, _store);
        for (int i = objects.Count - 1; i >= 0 && !IsNoted(objects[i]); i--)
        {
            StoreResult<StreamObject> opened = await reader.ReadAsync(objects[i], cancel);
            if (opened.Succeeded)
            {
                StoreLayout.TryStream(objects[i].Key, out ulong session, out _, out _);
                return session > _session.Id.Value ? RollbackFinding.OtherIsNewer
                    : opened.Value.Preamble.Sequence.Value > _applied ? RollbackFinding.CopyIsOlder
                    : without;
            }

            if (opened.Error is not (StoreError.Corrupt or StoreError.NotFound))
            {
                return opened.Error;
            }
        }

        return without;
    }

    private bool IsNoted(ObjectProperties found) =>
        StoreLayout.TryStream(found.Key, out ulong session, out ulong number, out _) && session == _published?.Session && number == _published.Number;

    // What has the name of a change stream object, in order.
    private async ValueTask<StoreResult<List<ObjectProperties>>> ListAsync(ObjectKey? after, CancellationToken cancel)
    {
        var objects = new List<ObjectProperties>();
        ObjectKey? last = after;
        while (true)
        {
            StoreResult<ObjectPage> page = await _store.ListAsync(StoreLayout.StreamPrefix, last, 1000, cancel);
            if (!page.Succeeded)
            {
                return page.Error;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                last = found.Key;
                if (StoreLayout.TryStream(found.Key, out _, out _, out _))
                {
                    objects.Add(found);
                }
            }

            if (!page.Value.More)
            {
                return objects;
            }
        }
    }

    private static async ValueTask<(ulong Session, long Missing)?> ReadRestoredAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> restored = await metadata.GetSettingAsync(RestoredSetting, cancel);
        return restored.Succeeded && restored.Value.Length == RestoredSize
            ? (BinaryPrimitives.ReadUInt64LittleEndian(restored.Value.Span), BinaryPrimitives.ReadInt64LittleEndian(restored.Value.Span[sizeof(ulong)..]))
            : null;
    }

    private static byte[] EncodeRestored(ulong session, long missing)
    {
        byte[] value = new byte[RestoredSize];
        BinaryPrimitives.WriteUInt64LittleEndian(value, session);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(sizeof(ulong)), missing);
        return value;
    }

    // None has number 0.
    private static async ValueTask<MetadataResult<SessionRow>> FindSessionAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SessionRow>> sessions = await metadata.ListSessionsAsync(cancel);
        if (!sessions.Succeeded)
        {
            return sessions.Error;
        }

        SessionRow newest = default;
        foreach (SessionRow session in sessions.Value)
        {
            newest = session.Id.Value > newest.Id.Value ? session : newest;
        }

        return newest;
    }
}
