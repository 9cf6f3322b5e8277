using HipaaFs.Storage;

namespace HipaaFs.Cli.Transfer;

/// <summary>A file of a tree that is copied, as a listing found it.</summary>
/// <param name="Path">Its path below the tree's root, with slashes; no segment is empty, "." or "..".</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Version">What the tree calls this state of the file; only for comparing with another of the same tree.</param>
/// <param name="Modified">When its content was written.</param>
internal sealed record PlainFile(string Path, long Length, string Version, DateTimeOffset Modified)
{
    /// <summary>MD5 by which its tree knows its content; null where the tree has none. <see cref="PlainTree.VouchesForAsync"/> tells whether a listing can be believed.</summary>
    public ContentMd5? Md5 { get; init; }

    /// <summary>Its permissions; null where the tree has none.</summary>
    public UnixFileMode? Mode { get; init; }
}
