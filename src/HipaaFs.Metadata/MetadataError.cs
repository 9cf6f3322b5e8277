namespace HipaaFs.Metadata;

/// <summary>Why a metadata operation did not happen. An operation that answers an error changed nothing.</summary>
public enum MetadataError
{
    /// <summary>It did happen.</summary>
    None = 0,

    /// <summary>There is no such inode, entry, segment or setting; or the directory was removed.</summary>
    NotFound,

    /// <summary>The name is taken.</summary>
    Exists,

    /// <summary>The operation needs a directory.</summary>
    NotADirectory,

    /// <summary>The operation does not work on directories.</summary>
    IsADirectory,

    /// <summary>The directory has entries.</summary>
    DirectoryNotEmpty,

    /// <summary>A directory cannot be moved below itself.</summary>
    InvalidMove,

    /// <summary>The inode has as many names as it can have.</summary>
    TooManyLinks,

    /// <summary>There is no such extended attribute.</summary>
    NoAttribute,

    /// <summary>The extended attribute exists already.</summary>
    AttributeExists,

    /// <summary>A precondition does not hold: an expected inode or version, the state of a segment, the kind of an inode.</summary>
    Conflict,

    /// <summary>There is no such snapshot, or it is being deleted.</summary>
    SnapshotGone,

    /// <summary>The two places are of different key domains.</summary>
    CrossesDomain,

    /// <summary>There is no room for the metadata.</summary>
    NoSpace,

    /// <summary>The store was opened for reading.</summary>
    ReadOnly,

    /// <summary>A newer session has taken the volume.</summary>
    Fenced,

    /// <summary>Everything after the last durable commit was lost; the store answers this until it is opened again.</summary>
    Failed,

    /// <summary>The device or the database reports an error.</summary>
    Io,
}
