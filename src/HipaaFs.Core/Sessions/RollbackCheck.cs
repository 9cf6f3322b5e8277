using System.Buffers.Binary;
using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Sessions;

/// <summary>Compares what a store shows with what this copy of its volume has seen, before the copy may write to it.</summary>
/// <remarks>
/// What the copy has seen is taken down when it is opened, before its new session; the comparison may come later, when the store answers. A copy that was just restored
/// is behind its store whenever the original still runs: to take over from that one is what a restore is for, so it passes until it has been opened once.
/// </remarks>
internal sealed class RollbackCheck
{
    // Says which was the newest session when the copy was restored; once it has opened one of its own, it is a copy like any other.
    private const string RestoredSetting = "restored.session";

    private readonly IObjectStore _store;
    private readonly KeyRing _ring;
    private readonly ulong _session;
    private readonly ulong _applied;
    private readonly PublishedPoint? _published;
    private readonly bool _isJustRestored;

    private RollbackCheck(IObjectStore store, KeyRing ring, ulong session, ulong applied, PublishedPoint? published, bool isJustRestored)
    {
        _store = store;
        _ring = ring;
        _session = session;
        _applied = applied;
        _published = published;
        _isJustRestored = isJustRestored;
    }

    /// <summary>Takes down what this copy has seen.</summary>
    internal static async ValueTask<MetadataResult<RollbackCheck>> PrepareAsync(IObjectStore store, KeyRing ring, IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<ulong> session = await FindSessionAsync(metadata, cancel);
        if (!session.Succeeded)
        {
            return session.Error;
        }

        MetadataResult<ReadOnlyMemory<byte>> published = await metadata.GetSettingAsync(PublishedPoint.Setting, cancel);
        MetadataResult<ReadOnlyMemory<byte>> restored = await metadata.GetSettingAsync(RestoredSetting, cancel);
        bool isJustRestored = restored.Succeeded
            && restored.Value.Length == sizeof(ulong)
            && BinaryPrimitives.ReadUInt64LittleEndian(restored.Value.Span) == session.Value;
        PublishedPoint? point = published.Succeeded ? PublishedPoint.TryDecode(published.Value.Span) : null;
        return new RollbackCheck(store, ring, session.Value, metadata.Applied.Value, point, isJustRestored);
    }

    /// <summary>Notes that the copy was made by a restore.</summary>
    internal static async ValueTask<MetadataError> NoteRestoredAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<ulong> session = await FindSessionAsync(metadata, cancel);
        if (!session.Succeeded)
        {
            return session.Error;
        }

        byte[] value = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, session.Value);
        return (await metadata.SetSettingAsync(OperationId.None, RestoredSetting, value, cancel)).Error;
    }

    /// <summary>Compares.</summary>
    /// <param name="own">The session that this opening may have claimed already; 0 when it has not tried yet.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async ValueTask<StoreResult<RollbackFinding>> RunAsync(ulong own, CancellationToken cancel)
    {
        StoreResult<ulong> claimed = await SessionFence.FindNewestAsync(_store, cancel);
        if (!claimed.Succeeded)
        {
            return claimed.Error;
        }

        if (claimed.Value > Math.Max(_session, own) && !_isJustRestored)
        {
            return RollbackFinding.OtherIsNewer;
        }

        ObjectKey? noted = _published is null ? null : StoreLayout.BeforeStream(_published.Session, _published.Number);
        StoreResult<ObjectProperties?> newest = await FindNewestAsync(noted, cancel);
        if (!newest.Succeeded)
        {
            return newest.Error;
        }

        if (newest.Value is null)
        {
            return _published is null ? RollbackFinding.None : RollbackFinding.StoreIsOlder;
        }

        bool isNoted = StoreLayout.TryStream(newest.Value.Key, out ulong session, out ulong number, out _)
            && session == _published?.Session
            && number == _published.Number;
        if (isNoted || _isJustRestored)
        {
            return RollbackFinding.None;
        }

        if (session > _session)
        {
            return RollbackFinding.OtherIsNewer;
        }

        // A publication is noted after it is made, so a crash forgets the note, but never the commits that were published: those were durable before.
        StoreResult<StreamObject> opened = await new StreamObjectReader(_ring, _store).ReadAsync(newest.Value, cancel);
        if (opened.Succeeded)
        {
            return opened.Value.Preamble.Sequence.Value > _applied ? RollbackFinding.CopyIsOlder : RollbackFinding.None;
        }

        // What is not authentic proves nothing, and the next publication does not hang on it.
        return opened.Error is StoreError.Corrupt or StoreError.NotFound ? RollbackFinding.None : opened.Error;
    }

    private async ValueTask<StoreResult<ObjectProperties?>> FindNewestAsync(ObjectKey? after, CancellationToken cancel)
    {
        ObjectProperties? newest = null;
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
                newest = found;
                last = found.Key;
            }

            if (!page.Value.More)
            {
                return newest;
            }
        }
    }

    private static async ValueTask<MetadataResult<ulong>> FindSessionAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SessionRow>> sessions = await metadata.ListSessionsAsync(cancel);
        if (!sessions.Succeeded)
        {
            return sessions.Error;
        }

        ulong newest = 0;
        foreach (SessionRow session in sessions.Value)
        {
            newest = Math.Max(newest, session.Id.Value);
        }

        return newest;
    }
}
