using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>One extended attribute, as far as the store may know it.</summary>
/// <param name="Tag">What attributes of an inode are searched and ordered by.</param>
/// <param name="SealedName">The sealed name. Must not change after it was handed to the store.</param>
/// <param name="SealedValue">The sealed value. Must not change after it was handed to the store.</param>
public readonly record struct SealedXattr(NameTag Tag, ReadOnlyMemory<byte> SealedName, ReadOnlyMemory<byte> SealedValue);
