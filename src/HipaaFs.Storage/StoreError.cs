namespace HipaaFs.Storage;

/// <summary>Why a store did not do what it was asked.</summary>
public enum StoreError
{
    /// <summary>It did.</summary>
    None,

    /// <summary>There is no such object.</summary>
    NotFound,

    /// <summary>A put-if-absent found an object under the key; the object is unchanged.</summary>
    AlreadyExists,

    /// <summary>The object is there, but not in the version the request names.</summary>
    VersionChanged,

    /// <summary>The object is archived and must be restored before it can be read.</summary>
    Archived,

    /// <summary>The store knows the caller and refuses, or does not accept the credentials.</summary>
    AccessDenied,

    /// <summary>The store asks for fewer requests. Retried.</summary>
    Throttled,

    /// <summary>The store cannot be reached or has a fault of its own that may pass. Retried. The request may have been done.</summary>
    Unavailable,

    /// <summary>No answer in time. Retried. The request may have been done.</summary>
    TimedOut,

    /// <summary>The store is full, or a quota or its budget is used up.</summary>
    NoSpace,

    /// <summary>The store answered with other bytes than were asked for or sent: a failed checksum, a body too short or too long.</summary>
    Corrupt,

    /// <summary>This store cannot do this, see <see cref="StoreCapabilities"/>.</summary>
    Unsupported,

    /// <summary>The object is under retention or a legal hold and cannot be replaced or deleted.</summary>
    Retained,

    /// <summary>The request contradicts itself, the store's rules or the state of the local file; repeating it cannot help.</summary>
    InvalidRequest,
}
