namespace HipaaFs.Cli.Transfer;

/// <summary>What an import or export did, as its command shows it.</summary>
/// <param name="Source">Where it came from.</param>
/// <param name="Target">Where it went.</param>
/// <param name="Manifest">The list of what is in the target, with checksums.</param>
/// <param name="Copied">Files copied by this run.</param>
/// <param name="CopiedBytes">Their bytes.</param>
/// <param name="Unchanged">Files that former runs had copied.</param>
/// <param name="UnchangedBytes">Their bytes.</param>
/// <param name="Vanished">Files that former runs had copied and that the source has no more.</param>
/// <param name="Failures">What was not copied.</param>
internal sealed record TransferResult(
    string Source,
    string Target,
    string Manifest,
    int Copied,
    long CopiedBytes,
    int Unchanged,
    long UnchangedBytes,
    int Vanished,
    IReadOnlyList<TransferFailure> Failures)
{
    /// <summary>Of an import, the copied files whose content was held against a checksum of the source; the others only against their length. Null of an export.</summary>
    public int? Verified { get; init; }
}
