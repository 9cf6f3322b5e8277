using System.Buffers.Binary;
using System.Globalization;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>Which session claimed each further store of a volume last, as its settings keep it: a store without that claim, or a later one, was put back to an older state.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class StoreClaims
{
    private readonly IMetadataStore _metadata;
    private readonly SessionClock _clock;

    /// <param name="metadata">The settings.</param>
    /// <param name="clock">The session, and its operations.</param>
    /// <param name="acceptsOlder">Whether who mounts the volume accepts a store that was put back.</param>
    internal StoreClaims(IMetadataStore metadata, SessionClock clock, bool acceptsOlder)
    {
        _metadata = metadata;
        _clock = clock;
        AcceptsOlder = acceptsOlder;
    }

    /// <summary>Whether a store that was put back is taken all the same.</summary>
    internal bool AcceptsOlder { get; }

    /// <summary>The session whose claim a store has lost; none when it has it or a later one. To be asked before this session claims it.</summary>
    internal async ValueTask<StoreResult<SessionId>> FindLostAsync(int number, IObjectStore store, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> noted = await _metadata.GetSettingAsync(Key(number), cancel);
        if (!noted.Succeeded || noted.Value.Length != sizeof(ulong))
        {
            return noted.Succeeded || noted.Error == MetadataError.NotFound ? default(SessionId) : StoreError.Unavailable;
        }

        // Claims of long ago are deleted, and a copy of the volume that is older than its store knows of no other.
        ulong last = BinaryPrimitives.ReadUInt64LittleEndian(noted.Value.Span);
        StoreResult<ulong> newest = await SessionFence.FindNewestAsync(store, cancel);
        return !newest.Succeeded ? newest.Failure! : newest.Value < last ? new SessionId(last) : default(SessionId);
    }

    /// <summary>Notes that this session has claimed a store. A note that is lost makes the next comparison weaker, and no store wrong.</summary>
    internal async ValueTask NoteAsync(int number, CancellationToken cancel)
    {
        byte[] session = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(session, _clock.Session.Value);
        await _metadata.SetSettingAsync(_clock.NextOperation(), Key(number), session, cancel);
    }

    private static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"claimed.{number}");
}
