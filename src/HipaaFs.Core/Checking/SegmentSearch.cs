using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Segments;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Checking;

/// <summary>Finds out what staging and the stores have of a segment whose row does not say it, or says it wrongly.</summary>
/// <remarks>
/// From a store a segment is taken only when every byte of it is authentic; what staging has of one that was being written is what there is. A store that fails meanwhile is
/// one that cannot be read, from then on.
/// </remarks>
internal sealed class SegmentSearch
{
    private readonly StagingArea _staging;
    private readonly RestingStores _stores;

    /// <param name="ring">The volume's keys; null without any.</param>
    /// <param name="staging">What is staged.</param>
    /// <param name="stores">The volume's stores, listed.</param>
    internal SegmentSearch(KeyRing? ring, StagingArea staging, RestingStores stores)
    {
        Ring = ring;
        _staging = staging;
        _stores = stores;
    }

    /// <summary>The volume's keys; without them nothing is found in staging or the store, only what is cut off.</summary>
    internal KeyRing? Ring { get; }

    /// <summary>Whether a store has all of a segment, by its length and its trailer.</summary>
    /// <exception cref="VolumeException">No store can be read.</exception>
    internal async Task<bool> IsWholeAsync(SegmentRow row, CancellationToken cancel)
    {
        foreach ((int number, _) in _stores.FindIn(row.Id))
        {
            StoreResult<SegmentRow> found = await StoredSegment.FindAsync(_stores[number], number, row, cancel);
            if (found.Succeeded)
            {
                return true;
            }

            DoubtIfFailed(number, found.Failure);
        }

        return false;
    }

    /// <summary>What is lost of a segment that was cut off in a store before its row said how long it is, as the row that it gets when it is given up has it.</summary>
    /// <param name="row">The segment.</param>
    /// <param name="store">Number of the store.</param>
    /// <param name="length">Bytes that the store has.</param>
    /// <param name="needed">How much of its plaintext rows refer to.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Null when the store cannot be read.</returns>
    /// <exception cref="VolumeException">No other store can be read.</exception>
    internal async Task<SegmentDamage?> FindDamageAsync(SegmentRow row, int store, long length, long needed, CancellationToken cancel)
    {
        // The last frame that is needed is whole, as a rule; that of a segment that ends with it may be as short as what is needed of it.
        long whole = SegmentFormat.FrameCount(needed) * (long)SegmentFormat.FrameSize;
        SegmentDamage? damage = await AuditAsync(SegmentDamage.GivenUp(row, whole, store), store, length, cancel);
        if (damage is null || damage.BadFrames.Count == 0 || whole == needed)
        {
            return damage;
        }

        SegmentDamage? shorter = await AuditAsync(SegmentDamage.GivenUp(row, needed, store), store, length, cancel);
        return shorter is null || shorter.BadFrames.Count < damage.BadFrames.Count ? shorter : damage;
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

    /// <summary>The row of a segment that a store has, every byte of it authentic. Null when none that can be read has it.</summary>
    /// <exception cref="VolumeException">No store can be read.</exception>
    internal async Task<SegmentRow?> FindStoredAsync(SegmentRow row, CancellationToken cancel)
    {
        foreach ((int number, _) in _stores.FindIn(row.Id))
        {
            StoreResult<SegmentRow?> found = await FindStoredAsync(row with { Copies = 0 }, number, cancel);
            if (found is { Succeeded: true, Value: not null })
            {
                return found.Value;
            }

            DoubtIfFailed(number, found.Failure);
        }

        return null;
    }

    private async Task<StoreResult<SegmentRow?>> FindStoredAsync(SegmentRow row, int number, CancellationToken cancel)
    {
        IObjectStore store = _stores[number];
        StoreResult<SegmentRow> found = await StoredSegment.FindAsync(store, number, row, cancel);
        byte[] header = new byte[SegmentFormat.HeaderSize];
        StoreResult<int> read = found.Succeeded
            ? await store.ReadAsync(StoreLayout.Segment(row.Id), EntityTag.Any, 0, header, cancel)
            : found.Failure!;
        if (!read.Succeeded)
        {
            return read.Error;
        }

        if (WithHeader(found.Value, header.AsSpan(0, read.Value)) is not { } known)
        {
            return (SegmentRow?)null;
        }

        StoreResult<SegmentDamage?> damage = await new StoredSegmentAudit(store, Ring!, new ScrubPace(0, TimeProvider.System)).RunAsync(known, cancel);
        return !damage.Succeeded ? damage.Error : damage.Value is null ? known : (SegmentRow?)null;
    }

    // Without keys every frame that is there is believed.
    private async Task<SegmentDamage?> AuditAsync(SegmentRow row, int store, long length, CancellationToken cancel)
    {
        if (Ring is null)
        {
            return new SegmentDamage(row, length);
        }

        StoreResult<SegmentDamage?> damage = await new StoredSegmentAudit(_stores[store], Ring, new ScrubPace(0, TimeProvider.System)).RunAsync(row, cancel);
        DoubtIfFailed(store, damage.Failure);
        return damage.Succeeded ? new SegmentDamage(row, length, damage.Value?.BadFrames ?? new HashSet<long>()) : null;
    }

    private void DoubtIfFailed(int store, StoreFailure? failure)
    {
        if (failure is not null and not { Error: StoreError.NotFound or StoreError.Corrupt or StoreError.Archived })
        {
            _stores.Doubt(store, failure);
        }
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
