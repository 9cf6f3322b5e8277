namespace HipaaFs.Checking;

/// <summary>What can be wrong with a volume.</summary>
public enum CheckKind
{
    /// <summary>The database file itself is damaged.</summary>
    DatabaseDamaged,

    /// <summary>There is no root directory.</summary>
    RootMissing,

    /// <summary>An inode does not exist, and names in it or extents of it do.</summary>
    InodeMissing,

    /// <summary>An entry names an inode that does not exist, or is in something that is no directory.</summary>
    DanglingEntry,

    /// <summary>An entry's name does not open with the volume's keys.</summary>
    NameNotAuthentic,

    /// <summary>An inode has no name and is not an orphan.</summary>
    UnnamedInode,

    /// <summary>Directories are in each other, or one is in itself, and nothing leads to them from the root.</summary>
    DirectoryCycle,

    /// <summary>An orphan's row is of an inode that does not exist or has a name, or of a session that never was.</summary>
    StrayOrphan,

    /// <summary>An inode's link count is not the number of its names.</summary>
    WrongLinkCount,

    /// <summary>Two extents of a file overlap, or one has no bytes.</summary>
    ExtentsOverlap,

    /// <summary>Extents belong to something that is no regular file.</summary>
    StrayExtents,

    /// <summary>An inode's allocated bytes are not those of its extents.</summary>
    WrongAllocatedBytes,

    /// <summary>A file's extents go on behind its end.</summary>
    WrongSize,

    /// <summary>A row of the past that no snapshot shows.</summary>
    HistoryUnshown,

    /// <summary>A row born, or one of the past that died, after everything was written: a snapshot that is not taken yet would show the wrong.</summary>
    HistoryAhead,

    /// <summary>A row of the past that died after another of the same key was born.</summary>
    HistoryOverlaps,

    /// <summary>An extent refers to a segment that is unknown or condemned.</summary>
    SegmentUnknown,

    /// <summary>An extent reaches past the end of its segment.</summary>
    ExtentOutOfSegment,

    /// <summary>A live segment is not in the store.</summary>
    SegmentMissing,

    /// <summary>A segment in the store is not as long as it should be.</summary>
    SegmentShort,

    /// <summary>A live segment's row says that no store has it, or that one has it which the volume does not know, or which does not have it while another has.</summary>
    WrongCopies,

    /// <summary>A staged segment has no file, neither in staging nor in the store.</summary>
    StagingMissing,

    /// <summary>A file in staging belongs to no segment.</summary>
    StagingUnknown,

    /// <summary>A staged segment's file is shorter than what it must hold.</summary>
    StagingShort,

    /// <summary>A staged segment's file has a frame that a file needs and that is not authentic, or its header, index or trailer is not.</summary>
    StagingDamaged,

    /// <summary>A file has bytes that cannot be read, for one of the reasons above.</summary>
    FileIncomplete,

    /// <summary>An extended attribute's name or value does not open with the volume's keys.</summary>
    XattrNotAuthentic,

    /// <summary>A symbolic link's target does not open with the volume's keys.</summary>
    TargetNotAuthentic,

    /// <summary>A symbolic link has no target.</summary>
    TargetMissing,

    /// <summary>An extended attribute or a target belongs to an inode that does not exist, or that cannot have one.</summary>
    StrayAttribute,

    /// <summary>An inode has extended attributes, or an access list, and does not say so.</summary>
    WrongFlags,

    /// <summary>The next inode number is one that was used.</summary>
    CounterBehind,
}
