namespace HipaaFs.Cli.Transfer;

/// <summary>That a file was copied: what a later run compares with what it finds.</summary>
/// <param name="Path">Its path in the source.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Version">Its state in the source.</param>
/// <param name="Sha256">SHA-256 of its content, in hexadecimal.</param>
internal sealed record TransferRecord(string Path, long Length, string Version, string Sha256);
