namespace HipaaFs.Shipping;

/// <summary>An object on a disk that is shipped.</summary>
/// <param name="Key">Its name in the store, and its path on the disk.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">SHA-256 of its bytes, in hexadecimal.</param>
public sealed record ShippedObject(string Key, long Length, string Sha256);
