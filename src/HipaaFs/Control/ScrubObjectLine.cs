namespace HipaaFs.Cli.Control;

/// <summary>Something that a restore needs besides the segments and that the store did not have as it was written.</summary>
/// <param name="Object">What it is: <c>volume.json</c>, <c>keyring</c> or <c>stream</c>.</param>
/// <param name="Missing">Whether it was gone; of the stream, whether the beginning of a chain was.</param>
/// <param name="Repaired">Whether it is there again; of the stream, whether a new chain is.</param>
internal sealed record ScrubObjectLine(string Object, bool Missing, bool Repaired);
