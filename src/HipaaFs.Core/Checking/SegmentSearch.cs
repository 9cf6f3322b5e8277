using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Segments;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Checking;

/// <summary>Finds out what staging and the store have of a segment whose row does not say it, or says it wrongly.</summary>
/// <remarks>From the store a segment is taken only when every byte of it is authentic; what staging has of one that was being written is what there is.</remarks>
internal sealed class SegmentSearch
{
    private readonly StagingArea _staging;
    private readonly IObjectStore _store;

    internal SegmentSearch(KeyRing? ring, StagingArea staging, IObjectStore store)
    {
        Ring = ring;
        _staging = staging;
        _store = store;
    }

    /// <summary>The volume's keys; without them nothing is found in staging or the store, only what is cut off.</summary>
    internal KeyRing? Ring { get; }

    /// <summary>Whether the store has all of a segment, by its length and its trailer.</summary>
    /// <exception cref="VolumeException">The store cannot be read.</exception>
    internal async Task<bool> IsWholeAsync(SegmentRow row, CancellationToken cancel)
    {
        StoreResult<SegmentRow> found = await StoredSegment.FindAsync(_store, row, cancel);
        return found.Succeeded || (found.Error is StoreError.NotFound or StoreError.Corrupt ? false : throw StoreFailed(found.Error));
    }

    /// <summary>What is lost of a segment that was cut off in the store before its row said how long it is, as the row that it gets when it is given up has it.</summary>
    /// <param name="row">The segment.</param>
    /// <param name="length">Bytes that the store has.</param>
    /// <param name="needed">How much of its plaintext rows refer to.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VolumeException">The store cannot be read.</exception>
    internal async Task<SegmentDamage> FindDamageAsync(SegmentRow row, long length, long needed, CancellationToken cancel)
    {
        // The last frame that is needed is whole, as a rule; that of a segment that ends with it may be as short as what is needed of it.
        long whole = SegmentFormat.FrameCount(needed) * (long)SegmentFormat.FrameSize;
        SegmentDamage damage = await AuditAsync(SegmentDamage.GivenUp(row, whole, 0), length, cancel);
        if (damage.BadFrames.Count == 0 || whole == needed)
        {
            return damage;
        }

        SegmentDamage shorter = await AuditAsync(SegmentDamage.GivenUp(row, needed, 0), length, cancel);
        return shorter.BadFrames.Count < damage.BadFrames.Count ? shorter : damage;
    }

    /// <summary>Whether one of the frames that rows need is in a staged file, and authentic: that it is the segment's own cannot be told by anything else.</summary>
    internal bool HasFrameOf(SegmentRow row, string path, IReadOnlyList<Extent> uses)
    {
        if (!SegmentFile.TryOpen(row, path, Ring!, out SegmentFile? file))
        {
            return false;
        }

        using (file)
        {
            foreach (Extent use in uses)
            {
                (long first, long last) = SegmentDamage.FramesOf(use);
                for (long frame = first; frame <= last && SegmentDamage.EndOfFrame(row, frame) <= file.Length; frame++)
                {
                    if (file.HasFrame(frame))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>The row of a segment by what staging has of it: staged, finished or not. Null when it has no file that says so.</summary>
    internal SegmentRow? FindStaged(SegmentRow row)
    {
        string path = _staging.PathOf(row.Id);
        if (!File.Exists(path))
        {
            return null;
        }

        using FileStream file = File.OpenRead(path);
        byte[] header = new byte[SegmentFormat.HeaderSize];
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || WithHeader(row, header) is not { } known)
        {
            return null;
        }

        SegmentRow unfinished = known with { State = SegmentState.Staged, ObjectLength = 0, PlaintextLength = 0 };
        byte[] trailer = new byte[SegmentFormat.TrailerSize];
        file.Position = Math.Max(0, file.Length - trailer.Length);
        bool ended = file.ReadAtLeast(trailer, trailer.Length, throwOnEndOfStream: false) == trailer.Length
            & SegmentTrailer.TryRead(trailer, out SegmentTrailer read)
            & SegmentFormat.TryPlaintextLength((long)read.IndexOffset, out long plaintext);
        SegmentRow finished = unfinished with { ObjectLength = file.Length, PlaintextLength = plaintext };
        return ended && read.ObjectLength == (ulong)file.Length && HasEnds(finished, path) ? finished : HasEnds(unfinished, path) ? unfinished : null;
    }

    /// <summary>The row of a segment that the store has, every byte of it authentic. Null when it has none such.</summary>
    /// <exception cref="VolumeException">The store cannot be read.</exception>
    internal async Task<SegmentRow?> FindStoredAsync(SegmentRow row, CancellationToken cancel)
    {
        StoreResult<SegmentRow> found = await StoredSegment.FindAsync(_store, row, cancel);
        byte[] header = new byte[SegmentFormat.HeaderSize];
        StoreResult<int> read = found.Succeeded
            ? await _store.ReadAsync(StoreLayout.Segment(row.Id), EntityTag.Any, 0, header, cancel)
            : found.Failure!;
        if (!read.Succeeded)
        {
            return Absent(read.Error);
        }

        if (WithHeader(found.Value, header.AsSpan(0, read.Value)) is not { } known)
        {
            return null;
        }

        StoreResult<SegmentDamage?> damage = await new StoredSegmentAudit(_store, Ring!, new ScrubPace(0, TimeProvider.System)).RunAsync(known, cancel);
        if (!damage.Succeeded)
        {
            return Absent(damage.Error);
        }

        return damage.Value is null ? known : null;
    }

    // Without keys every frame that is there is believed.
    private async Task<SegmentDamage> AuditAsync(SegmentRow row, long length, CancellationToken cancel)
    {
        if (Ring is null)
        {
            return new SegmentDamage(row, length);
        }

        StoreResult<SegmentDamage?> damage = await new StoredSegmentAudit(_store, Ring, new ScrubPace(0, TimeProvider.System)).RunAsync(row, cancel);
        return damage.Succeeded
            ? new SegmentDamage(row, length, damage.Value?.BadFrames ?? new HashSet<long>())
            : throw StoreFailed(damage.Error);
    }

    private bool HasEnds(SegmentRow row, string path)
    {
        if (!SegmentFile.TryOpen(row, path, Ring!, out SegmentFile? opened))
        {
            return false;
        }

        using (opened)
        {
            return opened.HasEnds();
        }
    }

    private static SegmentRow? Absent(StoreError error) => error is StoreError.NotFound or StoreError.Corrupt
        ? null
        : throw StoreFailed(error);

    private static VolumeException StoreFailed(StoreError error) =>
        new(VolumeFailure.Store, $"look for segments in the store: {error}", "make the store reachable and try again");

    // The ring knows whose epoch it is.
    private SegmentRow? WithHeader(SegmentRow row, ReadOnlySpan<byte> content)
    {
        if (!SegmentHeader.TryRead(content, out SegmentHeader header, out _) || header.Segment != row.Id || header.Class != RecordClass.Data)
        {
            return null;
        }

        foreach (KeyRingEpoch epoch in Ring!.Epochs)
        {
            if (epoch.Id == header.Epoch && epoch.IsOpen)
            {
                return row with { Epoch = header.Epoch, Class = header.Class, Domain = epoch.Domain };
            }
        }

        return null;
    }
}
