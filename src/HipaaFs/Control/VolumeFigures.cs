namespace HipaaFs.Cli.Control;

/// <summary>The figures of an open volume, as JSON shows them. Moments are given as ages in seconds.</summary>
internal sealed record VolumeFigures
{
    /// <summary>Number of this read-write life of the volume; 0 on a read-only mount.</summary>
    public ulong Session { get; init; }

    /// <summary>Whether changes are refused.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The newer session that took the volume over; null when there is none.</summary>
    public string? FencedBy { get; init; }

    /// <summary>Whether the last request to the store was answered.</summary>
    public bool StoreReachable { get; init; }

    /// <summary>For how long the store's breaker has been open: requests fail at once but for single ones that find out whether it works again; null while it is closed.</summary>
    public double? StoreBreakerOpenSeconds { get; init; }

    /// <summary>What the store failed of last, in its own words; null when it never did.</summary>
    public string? StoreFailure { get; init; }

    /// <summary>What the store's last failure means, in words for people; null while the store answers.</summary>
    public string? StoreProblem { get; init; }

    /// <summary>What helps against that; null while the store answers.</summary>
    public string? StoreAction { get; init; }

    /// <summary>Tries that the breaker refused.</summary>
    public long StoreRefused { get; init; }

    /// <summary>Requests that were repeated.</summary>
    public long StoreRetries { get; init; }

    /// <summary>Reads that were asked for a second time because they were slow.</summary>
    public long StoreHedgedReads { get; init; }

    /// <summary>Requests made to the store.</summary>
    public long StoreRequests { get; init; }

    /// <summary>The stores, when there are several; null for a volume with one. What is said of "the store" elsewhere is said of the first.</summary>
    public IReadOnlyList<StoreLine>? Stores { get; init; }

    /// <summary>Files with data in stores that are not those of their placement, as last counted; null until that is known. It is moved in the background.</summary>
    public long? FilesToMove { get; init; }

    /// <summary>Bytes of that data, with what only snapshots of the files show.</summary>
    public long? BytesToMove { get; init; }

    /// <summary>Bytes of segments in the store that something needs a part of, as last counted; null before that.</summary>
    public long? StoredBytes { get; init; }

    /// <summary>Bytes of file data in them that files or snapshots need.</summary>
    public long? LiveBytes { get; init; }

    /// <summary>Bytes of segments in the store that nothing needs any more.</summary>
    public long? CondemnedBytes { get; init; }

    /// <summary>Segments that are not in the store yet.</summary>
    public int StagedSegments { get; init; }

    /// <summary>Their bytes.</summary>
    public long StagedBytes { get; init; }

    /// <summary>Age of the oldest of them; null when there is none.</summary>
    public double? OldestStagedSeconds { get; init; }

    /// <summary>Why the session is not claimed in the store, before which nothing is uploaded; null when it is.</summary>
    public string? ClaimError { get; init; }

    /// <summary>Segments that files need and that are neither in this staging directory nor in the store: as long as there is one, nothing newer becomes a backup point.</summary>
    public int MissingSegments { get; init; }

    /// <summary>Segments of them whose upload failed and is tried again.</summary>
    public int FailedSegments { get; init; }

    /// <summary>Why the upload of the oldest of those failed; null when there is none.</summary>
    public string? UploadError { get; init; }

    /// <summary>The segments of them, those first whose staged file is damaged; no more than the first hundred. Null when there are none.</summary>
    public IReadOnlyList<FailedUploadLine>? FailedUploads { get; init; }

    /// <summary>Why written data cannot be staged; null when it can.</summary>
    public string? WritebackError { get; init; }

    /// <summary>Whether staging is full, so that writers wait or are refused.</summary>
    public bool StagingFull { get; init; }

    /// <summary>Files of which bytes that programs had written were refused and are gone, and that nobody has written again.</summary>
    public int LostFiles { get; init; }

    /// <summary>Whether the disk refused the metadata of what was done last, which then is lost: everything is refused until the volume is mounted again.</summary>
    public bool MetadataFailed { get; init; }

    /// <summary>Frames of data that was written and cannot be read any more.</summary>
    public long DamagedFrames { get; init; }

    /// <summary>Where they are; no more than the first hundred places, since the log names all. Null when there are none.</summary>
    public IReadOnlyList<DamagedLine>? Damage { get; init; }

    /// <summary>Why the volume takes no snapshots by itself although it should; null when it does.</summary>
    public string? TrashError { get; init; }

    /// <summary>For how long that has been so; null when all is well.</summary>
    public double? TrashFailingSeconds { get; init; }

    /// <summary>How far the time of day is ahead of what was measured since the mount (negative: behind); null when it is not, or no trash is kept.</summary>
    public double? ClockJumpSeconds { get; init; }

    /// <summary>Age of the newest state that the store alone could restore.</summary>
    public double RecoveryPointSeconds { get; init; }

    /// <summary>Age above which that is an alarm.</summary>
    public double RecoveryPointLimitSeconds { get; init; }

    /// <summary>Whether it is one.</summary>
    public bool RecoveryPointAlarm { get; init; }

    /// <summary>Bytes in the cache.</summary>
    public long CacheBytes { get; init; }

    /// <summary>Most bytes the cache may take.</summary>
    public long CacheMaxBytes { get; init; }

    /// <summary>Segments of which the cache holds anything.</summary>
    public int CacheSegments { get; init; }

    /// <summary>Bytes fetched from the store.</summary>
    public long FetchedBytes { get; init; }

    /// <summary>Requests that fetched them.</summary>
    public long Fetches { get; init; }

    /// <summary>Frames that were bad in the cache and were fetched again.</summary>
    public long CacheBadFrames { get; init; }

    /// <summary>The memory budget.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Written bytes that are in memory only.</summary>
    public long DirtyBytes { get; init; }

    /// <summary>Most bytes that may be.</summary>
    public long DirtyMaxBytes { get; init; }

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
}
