using HipaaFs.Storage;

namespace HipaaFs.ChangeStream;

/// <summary>An object of the change stream that is on the local disk and not in the store yet.</summary>
/// <param name="Key">What it will be called.</param>
/// <param name="Source">Its file, which is deleted after the put, and the SHA-256 of it.</param>
internal readonly record struct SealedStreamObject(ObjectKey Key, UploadSource Source);
