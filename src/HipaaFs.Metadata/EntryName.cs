using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>The name of a directory entry, as far as the store may know it.</summary>
/// <param name="Tag">What the directory is searched and ordered by.</param>
/// <param name="Sealed">The sealed name. Must not change after it was handed to the store.</param>
public readonly record struct EntryName(NameTag Tag, ReadOnlyMemory<byte> Sealed);
