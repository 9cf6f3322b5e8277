using HipaaFs.Cache;
using HipaaFs.Collection;
using HipaaFs.Placements;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Trash;

namespace HipaaFs.Volumes;

/// <summary>What a volume is doing, for people and programs. Holds no names.</summary>
public sealed record VolumeStatus
{
    /// <summary>The volume's id.</summary>
    public required Guid VolumeId { get; init; }

    /// <summary>The session's number; 0 on a read-only mount.</summary>
    public ulong Session { get; init; }

    /// <summary>Whether no change is taken.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Who has opened the volume since, when that is why it is read-only.</summary>
    public string? FencedBy { get; init; }

    /// <summary>Segments that are not in the store yet.</summary>
    public int StagedSegments { get; init; }

    /// <summary>Bytes of them.</summary>
    public long StagedBytes { get; init; }

    /// <summary>Since when the oldest is waiting.</summary>
    public DateTimeOffset? OldestStaged { get; init; }

    /// <summary>Why the session is not claimed in the store, before which nothing is uploaded; null when it is.</summary>
    public string? ClaimError { get; init; }

    /// <summary>Segments that files need and that are neither in this staging directory nor in the store: as long as there is one, nothing newer becomes a backup point.</summary>
    public int MissingSegments { get; init; }

    /// <summary>Segments of them whose upload failed and is tried again.</summary>
    public int FailedSegments { get; init; }

    /// <summary>Why the upload of the oldest of those failed; null when there is none.</summary>
    public string? UploadError { get; init; }

    /// <summary>The stores that uploads wait for; empty when nothing waits.</summary>
    public IReadOnlyList<RefusingStore> Refusing { get; init; } = [];

    /// <summary>The segments of them, those first whose staged file is damaged; no more than the first hundred.</summary>
    public IReadOnlyList<FailedUpload> FailedUploads { get; init; } = [];

    /// <summary>Why written data cannot be staged; null when it can.</summary>
    public string? WritebackError { get; init; }

    /// <summary>Whether staging is full, so that writers wait or are refused.</summary>
    public bool IsStagingFull { get; init; }

    /// <summary>Files of which bytes that programs had written were refused and are gone, and that nobody has written again.</summary>
    public int LostFiles { get; init; }

    /// <summary>Why, of one of them; null without any.</summary>
    public string? LostError { get; init; }

    /// <summary>Whether the disk refused the metadata of what was done last, which then is lost: everything is refused from there on.</summary>
    public bool HasMetadataFailed { get; init; }

    /// <summary>Data of unfinished segments that cannot be read; empty when all is well.</summary>
    public IReadOnlyList<DamagedRun> Damage { get; init; } = [];

    /// <summary>Why the volume takes no snapshots by itself although it should; null when it does.</summary>
    public string? TrashError { get; init; }

    /// <summary>Since when.</summary>
    public DateTimeOffset? TrashFailingSince { get; init; }

    /// <summary>How far the time of day is off from what was measured in this session, as the trash has seen it; null when it is not, or no trash is kept.</summary>
    public ClockJump? ClockJump { get; init; }

    /// <summary>What was written until then can be restored from the store.</summary>
    public DateTimeOffset RecoveryPoint { get; init; }

    /// <summary>How old that may become before there is an alarm.</summary>
    public TimeSpan RecoveryPointLimit { get; init; }

    /// <summary>Whether it is older than that.</summary>
    public bool RecoveryPointAlarm { get; init; }

    /// <summary>The cache.</summary>
    public CacheUsage Cache { get; init; }

    /// <summary>What its segments take in the store, as last counted; null before that.</summary>
    public SpaceUsage? Space { get; init; }

    /// <summary>Bytes written and still in memory only.</summary>
    public long DirtyBytes { get; init; }

    /// <summary>Most bytes that may be.</summary>
    public long DirtyMaxBytes { get; init; }

    /// <summary>The memory budget.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Open files and directories.</summary>
    public int OpenHandles { get; init; }

    /// <summary>Inodes in use.</summary>
    public long Inodes { get; init; }

    /// <summary>Sum of the sizes of all files.</summary>
    public long FileBytes { get; init; }

    /// <summary>The newest operation.</summary>
    public ulong AppliedSequence { get; init; }

    /// <summary>The newest operation that survives a crash of this machine.</summary>
    public ulong DurableSequence { get; init; }

    /// <summary>The newest operation that survives the loss of this machine.</summary>
    public ulong PublishedSequence { get; init; }

    /// <summary>The stores, when there are several; empty for a volume with one. What is said of "the store" elsewhere is said of the first.</summary>
    public IReadOnlyList<StoreStatus> Stores { get; init; } = [];

    /// <summary>Data that is being moved to its placement, as last counted; null before that, and on a read-only volume.</summary>
    public Misplacement? ToMove { get; init; }

    /// <summary>Requests made to the store.</summary>
    public long StoreRequests { get; init; }

    /// <summary>Whether the last request to the store was answered.</summary>
    public bool IsStoreReachable { get; init; }

    /// <summary>Since when the store's breaker is open, that is requests fail at once but for those that find out whether it works again; null while it is closed.</summary>
    public DateTimeOffset? StoreBreakerOpenSince { get; init; }

    /// <summary>What the store failed of last, in its own words; null when it never did.</summary>
    public string? StoreFailure { get; init; }

    /// <summary>What the last failure means and what helps; null while <see cref="IsStoreReachable"/>.</summary>
    public StoreAdvice? StoreAdvice { get; init; }

    /// <summary>Tries that the breaker refused.</summary>
    public long StoreRefused { get; init; }

    /// <summary>Requests that were repeated.</summary>
    public long StoreRetries { get; init; }

    /// <summary>Reads of the store that were asked for a second time because they were slow.</summary>
    public long StoreHedgedReads { get; init; }
}
