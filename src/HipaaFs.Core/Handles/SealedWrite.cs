using HipaaFs.Dirty;
using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>One file's part of a writeback pass: its pages, and where their sealed bytes are once they are sealed.</summary>
/// <remarks>The pages stay in memory until the extents are applied, so that a failing disk costs a retry and not the data.</remarks>
/// <param name="Pages">The written bytes, unchanged from here on.</param>
/// <param name="Size">Length of the file when the pass began.</param>
/// <param name="Times">Times ahead of the row when the pass began.</param>
internal sealed record SealedWrite(DirtyPages Pages, long Size, PendingTimes Times)
{
    /// <summary>Where the bytes went, in file order; filled by sealing.</summary>
    internal List<Extent> Extents { get; } = [];
}
