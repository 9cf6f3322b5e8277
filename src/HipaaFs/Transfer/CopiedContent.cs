namespace HipaaFs.Cli.Transfer;

/// <summary>What a file's content turned out to be.</summary>
/// <param name="Sha256">Its SHA-256, 32 bytes.</param>
/// <param name="IsAsStored">Whether it has the MD5 by which its store knows it.</param>
internal readonly record struct CopiedContent(byte[] Sha256, bool IsAsStored);
