using HipaaFs.Crypto;

namespace HipaaFs.Cli.Keys;

/// <summary>A key that could not be used, and why.</summary>
/// <param name="Reference">Its KEYREF, which never holds a secret.</param>
/// <param name="Error">Why.</param>
internal readonly record struct KeyFailure(string Reference, KeyError Error);
