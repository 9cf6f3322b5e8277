using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>The metadata of one volume: namespace, attributes, extents, segments, sessions, and the stream of their changes.</summary>
/// <remarks>
/// <para>Names, link targets and extended attributes arrive sealed; no plaintext of them ever reaches a store.</para>
/// <para>Every operation checks all its preconditions and changes everything or nothing. It is visible to every reader as
/// soon as it was applied and survives a crash once <see cref="MakeDurableAsync"/> covered its sequence. After a crash the
/// volume is at a commit point: a prefix of the order in which operations were applied.</para>
/// <para>What it reads as a view is the live state; <see cref="OpenSnapshot"/> reads an older one.</para>
/// <para>Thread-safe. Calls may complete synchronously.</para>
/// <para>The streams (<see cref="ChangesSinceAsync"/>, <see cref="DumpAsync"/>, <see cref="CompareAsync"/>) have no place for an error in their answers and
/// throw <see cref="IOException"/> instead.</para>
/// <para>Any call answers <see cref="MetadataError.Failed"/> after the store failed, and may answer
/// <see cref="MetadataError.Io"/>; both stand for every method here.</para>
/// </remarks>
public interface IMetadataStore : IMetadataView, IAsyncDisposable
{
    /// <summary>Inodes and bytes in use, every applied operation counted. Exact.</summary>
    VolumeUsage Usage { get; }

    /// <summary>As <see cref="Usage"/>, of the inodes that name a placement.</summary>
    VolumeUsage GetUsage(uint placement);

    /// <summary>As <see cref="Usage"/>, of the inodes that name a placement and belong to a user.</summary>
    VolumeUsage GetUsage(uint placement, uint uid);

    /// <summary>What <see cref="Usage"/> consists of, by placement and user.</summary>
    IReadOnlyList<OwnerUsage> ListUsage();

    /// <summary>The newest applied operation.</summary>
    CommitSequence Applied { get; }

    /// <summary>The newest operation that survives a crash.</summary>
    CommitSequence Durable { get; }

    /// <summary>Cancelled when everything after <see cref="Durable"/> was lost. The store answers errors from then on.</summary>
    CancellationToken Failure { get; }

    /// <summary>Creates an inode and its entry. A directory begins with two links and adds one to its parent; the parent's times become the request's.</summary>
    ValueTask<MetadataResult<Applied<DirectoryEntry>>> CreateAsync(CreateRequest request, CancellationToken cancel = default);

    /// <summary>Adds a name to an inode that is not a directory.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> LinkAsync(LinkRequest request, CancellationToken cancel = default);

    /// <summary>Removes an entry. Answers the inode after the change; with <see cref="InodeAttributes.LinkCount"/> 0 it is an orphan or gone.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> UnlinkAsync(UnlinkRequest request, CancellationToken cancel = default);

    /// <summary>Moves, replaces or exchanges entries by the rules of rename(2).</summary>
    ValueTask<MetadataResult<Applied<RenameOutcome>>> RenameAsync(RenameRequest request, CancellationToken cancel = default);

    /// <summary>Changes attributes of an inode.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> SetAttributesAsync(SetAttributesRequest request, CancellationToken cancel = default);

    /// <summary>Sets an extended attribute.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> SetXattrAsync(SetXattrRequest request, CancellationToken cancel = default);

    /// <summary>Removes an extended attribute.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> RemoveXattrAsync(RemoveXattrRequest request, CancellationToken cancel = default);

    /// <summary>Lets ranges of a file be read from segments. <see cref="MetadataError.Conflict"/> when a segment is unknown or condemned.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> WriteExtentsAsync(WriteExtentsRequest request, CancellationToken cancel = default);

    /// <summary>Makes a hole.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> DeallocateAsync(DeallocateRequest request, CancellationToken cancel = default);

    /// <summary>Shares the data of one range with another. Answers the target.</summary>
    ValueTask<MetadataResult<Applied<InodeAttributes>>> CloneExtentsAsync(CloneExtentsRequest request, CancellationToken cancel = default);

    /// <summary>
    /// Lets every row, live and past, that refers to runs of segments refer to copies of them, in place: births, deaths, times and versions stay, since every file
    /// and every snapshot reads the same as before. Rows that lie in a run in part are split. Asked again, it finds nothing, or what has begun to refer to a run meanwhile.
    /// <see cref="MetadataError.Conflict"/> when a segment with copies is unknown, condemned, or one of the originals; <see cref="MetadataError.CrossesDomain"/>
    /// when it is of another key domain.
    /// </summary>
    ValueTask<MetadataResult<Applied<RelocationOutcome>>> RelocateAsync(RelocateRequest request, CancellationToken cancel = default);

    /// <summary>Gives up an orphan; its rows go. <see cref="MetadataError.NotFound"/> when it is gone, <see cref="MetadataError.Conflict"/> when it has a name.</summary>
    ValueTask<MetadataResult<Applied>> ReleaseOrphanAsync(OperationId operation, InodeId inode, CancellationToken cancel = default);

    /// <summary>
    /// Adds a segment, staged or live; <see cref="MetadataError.Exists"/> when it is known. A staged one has no copies, a live one those that the row says; none
    /// means that store 0 has it.
    /// </summary>
    ValueTask<MetadataResult<Applied>> AddSegmentAsync(OperationId operation, SegmentRow segment, CancellationToken cancel = default);

    /// <summary>
    /// Replaces a segment's row. It may go from staged to live, not back; a condemned one answers <see cref="MetadataError.Conflict"/>. Its copies are those that the row
    /// says (none: store 0) when it goes live with it. Of a segment that is live already they stay as they are, since the caller's may be older than what
    /// <see cref="SetCopiesAsync"/> said meanwhile.
    /// </summary>
    ValueTask<MetadataResult<Applied>> UpdateSegmentAsync(OperationId operation, SegmentRow segment, CancellationToken cancel = default);

    /// <summary>
    /// Says that stores have a live segment's object, and that others do not (any more). <see cref="MetadataError.Conflict"/> when no store would be left that has it, and
    /// when the segment is staged. Of a condemned one it is only said who does not have it any more, the last one too.
    /// </summary>
    /// <param name="operation">Names the operation.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="present">Mask of the stores in which the object is whole and verified.</param>
    /// <param name="absent">Mask of the stores in which it is not.</param>
    /// <param name="cancel">Ends the call.</param>
    /// <exception cref="ArgumentOutOfRangeException">A store is in both masks.</exception>
    ValueTask<MetadataResult<Applied>> SetCopiesAsync(
        OperationId operation, SegmentId segment, ulong present, ulong absent, CancellationToken cancel = default);

    /// <summary>
    /// Lists live segments of a placement that one of the wanted stores lacks, longest live first, beginning behind <paramref name="after"/>. Cost follows what it answers,
    /// not what there is.
    /// </summary>
    /// <param name="placement">The placement.</param>
    /// <param name="wanted">Mask of the stores that should have each of them.</param>
    /// <param name="after">The last row of the page before; null begins at the start.</param>
    /// <param name="limit">The most rows to answer.</param>
    /// <param name="cancel">Ends the call.</param>
    ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListLackingAsync(
        uint placement, ulong wanted, SegmentRow? after, int limit, CancellationToken cancel = default);

    /// <summary>
    /// Lists live and condemned segments that a store has, in the order in which they came to their state, beginning behind <paramref name="after"/>. Cost follows what it
    /// answers, not what there is.
    /// </summary>
    /// <param name="store">Number of the store.</param>
    /// <param name="after">The last row of the page before; null begins at the start.</param>
    /// <param name="limit">The most rows to answer.</param>
    /// <param name="cancel">Ends the call.</param>
    /// <exception cref="ArgumentOutOfRangeException">No store can have this number.</exception>
    ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListHoldingAsync(
        int store, SegmentRow? after, int limit, CancellationToken cancel = default);

    /// <summary>Lists the live segments of a placement that exactly these stores have, longest live first, beginning behind <paramref name="after"/>. Cost follows what it answers.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListGroupAsync(
        uint placement, ulong copies, SegmentRow? after, int limit, CancellationToken cancel = default);

    /// <summary>Counts what stores hold. Cost does not depend on how many segments there are.</summary>
    ValueTask<MetadataResult<CopyTotals>> SumCopiesAsync(CancellationToken cancel = default);

    /// <summary>Condemns a segment, staged or live, that no extent refers to, no past one either; else <see cref="MetadataError.Conflict"/>. Condemning twice does nothing.</summary>
    ValueTask<MetadataResult<Applied>> CondemnSegmentAsync(
        OperationId operation, SegmentId segment, Timestamp now, CancellationToken cancel = default);

    /// <summary>Deletes the row of a condemned segment; of another one: <see cref="MetadataError.Conflict"/>.</summary>
    ValueTask<MetadataResult<Applied>> ForgetSegmentAsync(OperationId operation, SegmentId segment, CancellationToken cancel = default);

    /// <summary>Reads a segment's row.</summary>
    ValueTask<MetadataResult<SegmentRow>> GetSegmentAsync(SegmentId segment, CancellationToken cancel = default);

    /// <summary>Lists segments of one state in the order of their ids, beginning after <paramref name="after"/>; null begins at the start.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListSegmentsAsync(
        SegmentState state, SegmentId? after, int limit, CancellationToken cancel = default);

    /// <summary>Lists live segments that nothing referred to at the last durable commit: candidates, proved when they are condemned.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListUnreferencedSegmentsAsync(int limit, CancellationToken cancel = default);

    /// <summary>Lists live segments with how much of them was needed at the last commit, in the order of their ids, beginning after <paramref name="after"/>.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SegmentUsage>>> ListSegmentUsagesAsync(SegmentId? after, int limit, CancellationToken cancel = default);

    /// <summary>
    /// Lists stretches of files that begin at multiples of <paramref name="window"/> and in which more than <paramref name="extents"/> extents began at the last
    /// commit, in the order of inode and offset, of inodes after <paramref name="after"/>. An inode's stretches may be cut off by the limit.
    /// </summary>
    ValueTask<MetadataResult<IReadOnlyList<FragmentedRange>>> ListFragmentedAsync(
        InodeId after, long window, int extents, int limit, CancellationToken cancel = default);

    /// <summary>
    /// Lists files of which data, live or past, was in segments of another placement than theirs at the last commit, in the order of their inodes, of inodes after
    /// <paramref name="after"/>. Whether that placement means another place is not asked. Every extent is looked at.
    /// </summary>
    /// <param name="after">The inode to begin after.</param>
    /// <param name="limit">Files at most.</param>
    /// <param name="heads">How many bytes at the beginning of files of a placement may be in segments of another: that is not listed.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<MetadataResult<IReadOnlyList<MisplacedFile>>> ListMisplacedAsync(
        InodeId after, int limit, IReadOnlyDictionary<(uint File, uint Segment), long> heads, CancellationToken cancel = default);

    /// <summary>
    /// Lists files of a placement, at least as large as <paramref name="leastBytes"/>, that were made and written last before a time, as of the last commit, in the order of their inodes, of inodes
    /// after <paramref name="after"/>. Every inode may be looked at.
    /// </summary>
    ValueTask<MetadataResult<IReadOnlyList<InodeAttributes>>> ListAgedAsync(
        uint placement, Timestamp writtenBefore, long leastBytes, InodeId after, int limit, CancellationToken cancel = default);

    /// <summary>Bytes that at the last commit only snapshots showed of files that are gone, by the placement of the segments that hold them; counted once for each row.</summary>
    ValueTask<MetadataResult<IReadOnlyDictionary<uint, long>>> SumRemovedAsync(CancellationToken cancel = default);

    /// <summary>Lists what files refer to in a segment now, in the order of the segment's plaintext.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentUsesAsync(SegmentId segment, CancellationToken cancel = default);

    /// <summary>Lists what only snapshots refer to in a segment, in the order of the segment's plaintext. A row that dies meanwhile is here or among the live ones.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentPastUsesAsync(SegmentId segment, CancellationToken cancel = default);

    /// <summary>Begins a session with the next number.</summary>
    ValueTask<MetadataResult<Applied<SessionRow>>> OpenSessionAsync(SessionOpening opening, CancellationToken cancel = default);

    /// <summary>Ends a session in order. Its orphans stay; who recovers releases them.</summary>
    ValueTask<MetadataResult<Applied>> CloseSessionAsync(SessionId session, Timestamp now, CancellationToken cancel = default);

    /// <summary>Lists all sessions, oldest first.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SessionRow>>> ListSessionsAsync(CancellationToken cancel = default);

    /// <summary>Gives a session inode numbers of its own. None of them was or will be given to anybody else, crashes included.</summary>
    ValueTask<MetadataResult<InodeRange>> ReserveInodesAsync(SessionId session, int count, CancellationToken cancel = default);

    /// <summary>Lists orphans of all sessions but one, lowest inode first: what recovery releases.</summary>
    ValueTask<MetadataResult<IReadOnlyList<OrphanRow>>> ListOrphansAsync(SessionId? exceptSession, CancellationToken cancel = default);

    /// <summary>Makes every operation up to a sequence survive a crash; concurrent callers share the work. Answers <see cref="Durable"/>.</summary>
    ValueTask<MetadataResult<CommitSequence>> MakeDurableAsync(CommitSequence upTo, CancellationToken cancel = default);

    /// <summary>Streams the recorded changes after a sequence that were durable when the call began, oldest first.</summary>
    /// <remarks>A batch whose last operation is not after <paramref name="after"/> is left out; batches are never cut.</remarks>
    IAsyncEnumerable<ChangeBatch> ChangesSinceAsync(CommitSequence after, CancellationToken cancel = default);

    /// <summary>Forgets recorded changes whose batch ends at or before a sequence.</summary>
    ValueTask<MetadataResult<Applied>> TrimChangesAsync(CommitSequence upTo, CancellationToken cancel = default);

    /// <summary>Streams every row as of one durable commit, whose sequence every batch carries. There is at least one batch.</summary>
    IAsyncEnumerable<ChangeBatch> DumpAsync(CancellationToken cancel = default);

    /// <summary>Applies raw rows of a dump or of recorded changes, in the order they were streamed; <see cref="MetadataError.Conflict"/> when they cannot be read.</summary>
    /// <remarks>A past row that no snapshot shows is not kept, and takes the one of the same key and birth with it.</remarks>
    ValueTask<MetadataResult<Applied>> LoadAsync(ChangeBatch batch, CancellationToken cancel = default);

    /// <summary>Takes a snapshot of everything applied so far.</summary>
    ValueTask<MetadataResult<Applied<SnapshotRow>>> CreateSnapshotAsync(
        OperationId operation, ReadOnlyMemory<byte> label, Timestamp now, CancellationToken cancel = default);

    /// <summary>Lists all snapshots, oldest first.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SnapshotRow>>> ListSnapshotsAsync(CancellationToken cancel = default);

    /// <summary>Reads the volume as a snapshot shows it. The view answers <see cref="MetadataError.SnapshotGone"/> when there is no such snapshot (any more).</summary>
    IMetadataView OpenSnapshot(SnapshotId snapshot);

    /// <summary>Deletes a snapshot: it is not readable any more at once; the rows that only it showed go in slices, see <see cref="PurgeSnapshotsAsync"/>.</summary>
    ValueTask<MetadataResult<Applied>> DeleteSnapshotAsync(OperationId operation, SnapshotId snapshot, CancellationToken cancel = default);

    /// <summary>Finishes what the deletion of snapshots left to do, slice by slice. The store does the same unasked, a slice with every commit it makes by itself.</summary>
    ValueTask<MetadataResult<CommitSequence>> PurgeSnapshotsAsync(CancellationToken cancel = default);

    /// <summary>Streams the inodes that differ between a snapshot and a later one, or the live state. Cost follows what changed, not what there is.</summary>
    /// <param name="from">The older one.</param>
    /// <param name="to">The newer one; null is the live state, whose changes during the call may or may not be seen.</param>
    /// <param name="cancel">Ends the stream.</param>
    /// <exception cref="IOException">A snapshot is gone, or the store failed.</exception>
    IAsyncEnumerable<InodeDifference> CompareAsync(SnapshotId from, SnapshotId? to, CancellationToken cancel = default);

    /// <summary>Reads a setting of the volume; <see cref="MetadataError.NotFound"/> when it was never set.</summary>
    ValueTask<MetadataResult<ReadOnlyMemory<byte>>> GetSettingAsync(string key, CancellationToken cancel = default);

    /// <summary>Sets a setting of the volume; null removes it.</summary>
    ValueTask<MetadataResult<Applied>> SetSettingAsync(
        OperationId operation, string key, ReadOnlyMemory<byte>? value, CancellationToken cancel = default);
}
