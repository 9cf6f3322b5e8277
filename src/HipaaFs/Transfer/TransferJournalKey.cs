namespace HipaaFs.Cli.Transfer;

/// <summary>The first line of a journal.</summary>
/// <param name="Key">The random key under which the journal hashes paths, in hexadecimal.</param>
internal sealed record TransferJournalKey(string Key);
