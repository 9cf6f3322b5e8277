namespace HipaaFs.Quotas;

/// <summary>How much may be stored.</summary>
/// <param name="Bytes">Sum of the lengths of regular files, in bytes; null for no limit.</param>
/// <param name="Files">Number of inodes: files, directories, links and the rest; null for no limit.</param>
public sealed record QuotaLimit(long? Bytes = null, long? Files = null);
