using System.Globalization;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Placements;
using HipaaFs.Segments;
using HipaaFs.Staging;
using HipaaFs.Volumes;

namespace HipaaFs.Checking;

/// <summary>Checks that every segment is where its row says, staging or stores, with everything that files need of it, and names the files that miss something.</summary>
/// <remarks>Of a store that cannot be read the rows are believed, and what it may have is not given up. Used once.</remarks>
internal sealed class SegmentCheck
{
    private readonly VolumeRows _rows;
    private readonly CheckFindings _findings;
    private readonly IProgress<CheckProgress> _progress;
    private readonly RestingStores _stores;
    private readonly Dictionary<SegmentId, SegmentDamage> _damages = [];
    private readonly HashSet<SegmentId> _made = [];
    private readonly Dictionary<SegmentId, long> _needed = []; // Bytes from the beginning of a segment that is staged up to the last that rows refer to.

    /// <param name="rows">The volume's rows.</param>
    /// <param name="findings">What is found, and put right.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="stores">The volume's stores.</param>
    internal SegmentCheck(VolumeRows rows, CheckFindings findings, IProgress<CheckProgress> progress, RestingStores stores)
    {
        _rows = rows;
        _findings = findings;
        _progress = progress;
        _stores = stores;
    }

    /// <summary>How many segments are given up, if repairs are wanted: their rows say that they are in a store, and they are not, or not whole.</summary>
    internal long GivenUp { get; private set; }

    /// <summary>How many segments that were given up before are back, if repairs are wanted: their rows say what there is again.</summary>
    internal long BroughtBack { get; private set; }

    /// <summary>Segments that only stores have, or may have, that cannot be read.</summary>
    internal long Unchecked { get; private set; }

    /// <summary>Checks all segments. Without a key ring, frames in staging are counted and not opened.</summary>
    /// <exception cref="VolumeException">No store can be read.</exception>
    internal async Task RunAsync(StagingArea staging, KeyRing? ring, CancellationToken cancel)
    {
        await _stores.ListAsync(count => _progress.Report(new CheckProgress("store", count, 0)), cancel);
        var search = new SegmentSearch(ring, staging, _stores);
        await FindUnknownAsync(search, cancel);
        Dictionary<SegmentId, string> staged = FindStaged(staging);
        Dictionary<SegmentId, List<Extent>> uses = await CheckReferencesAsync(staged, cancel);
        long done = 0;
        foreach (SegmentRow row in _rows.Segments.Values.ToList())
        {
            cancel.ThrowIfCancellationRequested();
            _progress.Report(new CheckProgress("segments", ++done, _rows.Segments.Count));
            string? path = staged.GetValueOrDefault(row.Id);
            List<Extent> needs = uses.GetValueOrDefault(row.Id, []);
            if (row.State == SegmentState.Staged && path is not null)
            {
                CheckStaged(row, path, needs, ring);
            }
            else if (row.State == SegmentState.Staged)
            {
                await CheckUploadedAsync(row, search, cancel);
            }
            else if (row.State == SegmentState.Live)
            {
                if (!CheckCopies(row) && !await TryBringBackAsync(row, path, needs, search, cancel))
                {
                    CheckLive(row);
                }
            }
        }

        await NameFilesAsync(cancel);
    }

    // Answers whether a store has it, or may have it. Of one that is unknown, and may be known again under the same number, the row forgets only what another has.
    private bool CheckCopies(SegmentRow row)
    {
        ulong whole = _stores.FindWhole(row);
        ulong believed = row.Copies & _stores.Unread;
        ulong found = (row.Copies & whole) | believed;
        found = found == 0 ? whole : found; // What has it and is not noted is found by who copies it there.
        Unchecked += found != 0 && (found & whole) == 0 ? 1 : 0;
        if (found == row.Copies || (found == 0 && (row.Copies & ~_stores.Known) == 0))
        {
            return found != 0;
        }

        string subject = $"segment {row.Id}: stores {SegmentCopies.Describe(row.Copies)} instead of {SegmentCopies.Describe(found)}";
        if (found == 0)
        {
            _findings.Add(CheckKind.WrongCopies, subject);
            return false;
        }

        _findings.Add(CheckKind.WrongCopies, subject, new SegmentChange(ChangeKind.Upsert, row with { Copies = found }));
        return true;
    }

    // A check gave it up before it was finished, and guessed how long it would have been. What came back of it is taken when the keys prove what it is.
    private async Task<bool> TryBringBackAsync(SegmentRow row, string? path, List<Extent> uses, SegmentSearch search, CancellationToken cancel)
    {
        if (search.Ring is not { } ring)
        {
            return false;
        }

        if (_stores.FindLongestIn(row.Id) is { Length: > 0 and long stored })
        {
            if (await search.FindStoredAsync(row, cancel) is not { } whole)
            {
                return false;
            }

            BringBack(CheckKind.SegmentShort, ShortSubject(row, stored), whole);
            return true;
        }

        // The next mount uploads what is as long as its row says, if it is what it says.
        if (path is null
            || new FileInfo(path).Length == row.ObjectLength
            || search.FindStaged(row) is not { } back
            || back.Epoch != row.Epoch
            || !search.HasFrameOf(back, path, uses))
        {
            return false;
        }

        BringBack(CheckKind.SegmentMissing, $"segment {row.Id}", back);
        _made.Add(row.Id);
        CheckStaged(back, path, uses, ring);
        return true;
    }

    private void BringBack(CheckKind kind, string subject, SegmentRow row)
    {
        _rows.Segments[row.Id] = row;
        _findings.Add(kind, subject, new SegmentChange(ChangeKind.Upsert, row));
        BroughtBack += _findings.MayRepair ? 1 : 0;
    }

    // What is found is checked as if its row had always been there.
    private async Task FindUnknownAsync(SegmentSearch search, CancellationToken cancel)
    {
        if (search.Ring is null)
        {
            return;
        }

        var now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        foreach (SegmentRow row in await new UnknownSegments(_rows, search, now).FindAsync(cancel))
        {
            _rows.Segments[row.Id] = row;
            _made.Add(row.Id);
            _findings.Repair(new SegmentChange(ChangeKind.Upsert, row));
        }
    }

    private Dictionary<SegmentId, string> FindStaged(StagingArea staging)
    {
        var staged = new Dictionary<SegmentId, string>();
        HashSet<SegmentId> needed = FindNeeded();
        foreach ((SegmentId id, string path) in staging.Scan())
        {
            if (_rows.Segments.ContainsKey(id))
            {
                staged[id] = path;
                continue;
            }

            if (needed.Contains(id))
            {
                continue; // Files refer to it: damaged as it is, it may be all there is of them.
            }

            // A process that was killed between sealing and applying leaves it. The next mount removes it, once the store has told that no newer state of the volume knows it.
            _findings.Add(CheckKind.StagingUnknown, $"segment {id}");
        }

        return staged;
    }

    private HashSet<SegmentId> FindNeeded()
    {
        var needed = new HashSet<SegmentId>(_rows.PastSegments.Keys);
        foreach (List<BornExtent> extents in _rows.Extents.Values)
        {
            foreach ((Extent extent, _) in extents)
            {
                needed.Add(extent.Segment);
            }
        }

        return needed;
    }

    // Answers what rows refer to in staged segments that have a file, and notes how much they need of each staged one.
    private async Task<Dictionary<SegmentId, List<Extent>>> CheckReferencesAsync(Dictionary<SegmentId, string> staged, CancellationToken cancel)
    {
        var uses = new Dictionary<SegmentId, List<Extent>>();
        await foreach (RowChange row in _rows.Past.WithCancellation(cancel))
        {
            if (row is ExtentChange past)
            {
                CheckReference(past.Inode, past.Extent, ", in snapshots");
                AddUse(uses, staged, past.Extent);
                AddNeed(past.Extent);
            }
        }

        foreach ((InodeId inode, List<BornExtent> extents) in _rows.Extents)
        {
            foreach ((Extent extent, _) in extents)
            {
                CheckReference(inode, extent, string.Empty);
                AddUse(uses, staged, extent);
                AddNeed(extent);
            }
        }

        return uses;
    }

    private void CheckReference(InodeId inode, in Extent extent, string where)
    {
        if (_made.Contains(extent.Segment))
        {
            _findings.AddSettled(CheckKind.SegmentUnknown, Place(inode, extent) + where);
        }
        else if (!_rows.Segments.TryGetValue(extent.Segment, out SegmentRow segment) || segment.State == SegmentState.Condemned)
        {
            _findings.Add(CheckKind.SegmentUnknown, Place(inode, extent) + where);
        }
        else if (BehindEnd(segment, extent) > 0)
        {
            _findings.Add(CheckKind.ExtentOutOfSegment, Place(inode, extent) + where);
        }
    }

    // Bytes of a run that a finished segment does not have.
    private static long BehindEnd(in SegmentRow segment, in Extent extent) =>
        segment.ObjectLength == 0 ? 0 : Math.Clamp(extent.PlaintextOffset + extent.Length - segment.PlaintextLength, 0, extent.Length);

    private static string Place(InodeId inode, in Extent extent) =>
        string.Create(CultureInfo.InvariantCulture, $"inode {inode} at {extent.FileOffset}, {extent.Length} bytes, segment {extent.Segment}");

    private void AddNeed(in Extent extent)
    {
        if (_rows.Segments.TryGetValue(extent.Segment, out SegmentRow row) && row.State == SegmentState.Staged)
        {
            _needed[extent.Segment] = Math.Max(_needed.GetValueOrDefault(extent.Segment), extent.PlaintextOffset + extent.Length);
        }
    }

    private static void AddUse(Dictionary<SegmentId, List<Extent>> uses, Dictionary<SegmentId, string> staged, in Extent extent)
    {
        if (!staged.ContainsKey(extent.Segment) || extent.Length <= 0)
        {
            return;
        }

        if (!uses.TryGetValue(extent.Segment, out List<Extent>? list))
        {
            uses[extent.Segment] = list = [];
        }

        list.Add(extent);
    }

    private void CheckStaged(SegmentRow row, string path, List<Extent> uses, KeyRing? ring)
    {
        var frames = new SortedSet<long>();
        foreach (Extent extent in uses)
        {
            (long first, long last) = SegmentDamage.FramesOf(extent);
            for (long frame = first; frame <= last; frame++)
            {
                frames.Add(frame);
            }
        }

        long length = new FileInfo(path).Length;
        long needed = Math.Max(row.ObjectLength, frames.Count == 0 ? 0 : SegmentDamage.EndOfFrame(row, frames.Max));
        if (length < needed)
        {
            _findings.Add(CheckKind.StagingShort, $"segment {row.Id}: {length} bytes instead of {needed}");
        }

        HashSet<long> bad = ring is null ? [] : OpenFrames(row, path, frames, ring);
        if (length < needed || bad.Count > 0)
        {
            _damages[row.Id] = new SegmentDamage(row, length, bad);
            Unfinish(row);
        }
    }

    // Its upload can never succeed, and nothing newer would be a backup point. Of an unfinished one the next mount copies what can be read into another.
    private void Unfinish(SegmentRow row)
    {
        if (row.ObjectLength > 0 && !_made.Contains(row.Id))
        {
            _findings.Repair(Unfinished(row));
        }
    }

    private static SegmentChange Unfinished(SegmentRow row) => new(ChangeKind.Upsert, row with { ObjectLength = 0, PlaintextLength = 0 });

    // Frames past the end of the file are told as its length.
    private HashSet<long> OpenFrames(SegmentRow row, string path, SortedSet<long> frames, KeyRing ring)
    {
        SegmentFile? file;
        try
        {
            if (!SegmentFile.TryOpen(row, path, ring, out file))
            {
                _findings.Add(CheckKind.StagingDamaged, $"segment {row.Id}: the key ring has no key of its epoch");
                return [.. frames];
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _findings.Add(CheckKind.StagingDamaged, $"segment {row.Id}: its file cannot be opened");
            return [.. frames];
        }

        using (file)
        {
            return CheckFrames(row, file, frames);
        }
    }

    private HashSet<long> CheckFrames(SegmentRow row, SegmentFile file, SortedSet<long> frames)
    {
        var bad = new HashSet<long>();
        foreach (long frame in frames)
        {
            if (SegmentDamage.EndOfFrame(row, frame) <= file.Length && !file.HasFrame(frame))
            {
                bad.Add(frame);
                _findings.Add(CheckKind.StagingDamaged, $"segment {row.Id}: frame {frame}");
            }
        }

        if (file.Length < row.ObjectLength)
        {
            return bad;
        }

        // Nothing that files need is lost with these, so that a finished segment is put right by making it an unfinished one.
        if (!file.HasEnds())
        {
            AddUnneeded(row, "header, index or trailer");
        }
        else if (bad.Count == 0 && row.ObjectLength > 0 && file.HashAuthentic().IsEmpty)
        {
            AddUnneeded(row, file.Length > row.ObjectLength ? "bytes behind its end" : "a frame that no file needs");
        }

        return bad;
    }

    private void AddUnneeded(SegmentRow row, string what)
    {
        string subject = $"segment {row.Id}: {what}";
        if (row.ObjectLength > 0 && !_made.Contains(row.Id))
        {
            _findings.Add(CheckKind.StagingDamaged, subject, Unfinished(row));
            return;
        }

        _findings.Add(CheckKind.StagingDamaged, subject);
    }

    // What has no file in staging was uploaded a moment before the end, or is lost. An upload may have gone to any store.
    private async Task CheckUploadedAsync(SegmentRow row, SegmentSearch search, CancellationToken cancel)
    {
        if (row.ObjectLength > 0 ? _stores.FindWhole(row) != 0 : await search.IsWholeAsync(row, cancel))
        {
            return;
        }

        long needed = _needed.GetValueOrDefault(row.Id);
        (int store, long length) = _stores.FindLongestIn(row.Id);
        SegmentDamage? damage = row.ObjectLength > 0 || length == 0
            ? new SegmentDamage(row, length)
            : await search.FindDamageAsync(row, store, length, needed, cancel);
        if (_stores.Unread != 0 || damage is null)
        {
            Unchecked++;
            return;
        }

        (CheckKind kind, string subject, SegmentRow givenUp) = (row.ObjectLength, length) switch
        {
            (_, 0) => (CheckKind.StagingMissing, $"segment {row.Id}", SegmentDamage.GivenUp(row, needed, store)),
            (0, _) => (CheckKind.SegmentShort, $"segment {row.Id}: cut off after {length} bytes", damage.Row),
            _ => (CheckKind.SegmentShort, ShortSubject(row, length), SegmentDamage.GivenUp(row, row.PlaintextLength, store)),
        };
        GiveUp(kind, subject, givenUp);
        _damages[row.Id] = damage;
    }

    // Nothing waits for its upload any more, and its loss is told.
    private void GiveUp(CheckKind kind, string subject, SegmentRow row)
    {
        _findings.Add(kind, subject, new SegmentChange(ChangeKind.Upsert, row));
        GivenUp += _findings.MayRepair ? 1 : 0;
    }

    private void CheckLive(SegmentRow row)
    {
        long length = _stores.FindLongestIn(row.Id).Length;
        _findings.Add(length == 0 ? CheckKind.SegmentMissing : CheckKind.SegmentShort, length == 0 ? $"segment {row.Id}" : ShortSubject(row, length));
        _damages[row.Id] = new SegmentDamage(row, length);
    }

    private static string ShortSubject(SegmentRow row, long length) => $"segment {row.Id}: {length} bytes instead of {row.ObjectLength}";

    // A file that snapshots show is told apart: the live one may be whole.
    private async Task NameFilesAsync(CancellationToken cancel)
    {
        foreach ((InodeId inode, List<BornExtent> extents) in _rows.Extents)
        {
            long lost = 0;
            foreach ((Extent extent, _) in extents)
            {
                lost += BytesLost(extent);
            }

            if (lost > 0)
            {
                _findings.Add(CheckKind.FileIncomplete, $"inode {inode}: {lost} bytes cannot be read");
            }
        }

        var past = new SortedDictionary<InodeId, long>();
        await foreach (RowChange row in _rows.Past.WithCancellation(cancel))
        {
            if (row is ExtentChange extent && BytesLost(extent.Extent) is > 0 and long lost)
            {
                past[extent.Inode] = past.GetValueOrDefault(extent.Inode) + lost;
            }
        }

        foreach ((InodeId inode, long lost) in past)
        {
            _findings.Add(CheckKind.FileIncomplete, $"inode {inode}, in snapshots: {lost} bytes that only they show cannot be read");
        }
    }

    // What a damaged segment does not have is behind the end of what it has.
    private long BytesLost(in Extent extent)
    {
        if (!_rows.Segments.TryGetValue(extent.Segment, out SegmentRow segment))
        {
            return extent.Length;
        }

        return _damages.TryGetValue(extent.Segment, out SegmentDamage? damage) ? damage.BytesLost(extent) : BehindEnd(segment, extent);
    }
}
