using System.Diagnostics;
using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs;

/// <summary>Translates the failures of the layers below into those of the file system. The only place that does.</summary>
internal static class LowerErrors
{
    /// <summary>The file system's word for a metadata failure.</summary>
    internal static FsError ToFsError(this MetadataError error) => error switch
    {
        MetadataError.None => FsError.None,
        MetadataError.NotFound => FsError.NotFound,
        MetadataError.Exists => FsError.Exists,
        MetadataError.NotADirectory => FsError.NotADirectory,
        MetadataError.IsADirectory => FsError.IsADirectory,
        MetadataError.DirectoryNotEmpty => FsError.DirectoryNotEmpty,
        MetadataError.InvalidMove => FsError.InvalidArgument,
        MetadataError.TooManyLinks => FsError.TooManyLinks,
        MetadataError.NoAttribute => FsError.NoAttribute,
        MetadataError.AttributeExists => FsError.Exists,
        MetadataError.Conflict or MetadataError.SnapshotGone => FsError.VersionChanged,
        MetadataError.NoSpace => FsError.NoSpace,
        MetadataError.ReadOnly or MetadataError.Fenced => FsError.ReadOnly,
        MetadataError.Failed or MetadataError.Io => FsError.Io,
        _ => throw new UnreachableException($"metadata error {error}"),
    };

    /// <summary>The file system's word for a store's failure while file data was read.</summary>
    internal static FsError ToFsError(this StoreError error) => error switch
    {
        StoreError.None => FsError.None,
        StoreError.Archived => FsError.Archived,
        StoreError.VersionChanged => FsError.VersionChanged,
        StoreError.TimedOut => FsError.TimedOut,
        StoreError.NoSpace => FsError.NoSpace,
        StoreError.Corrupt => FsError.NotAuthentic,
        _ => FsError.Io,
    };
}
