namespace HipaaFs.Cli.Control;

/// <summary>What is used of a limit.</summary>
/// <param name="User">Whose limit it is; null for that of everybody together.</param>
/// <param name="Bytes">Bytes of the files.</param>
/// <param name="BytesLimit">How many there may be; null for no limit.</param>
/// <param name="Files">Files and directories.</param>
/// <param name="FilesLimit">How many there may be; null for no limit.</param>
internal sealed record QuotaUse(uint? User, long Bytes, long? BytesLimit, long Files, long? FilesLimit);
