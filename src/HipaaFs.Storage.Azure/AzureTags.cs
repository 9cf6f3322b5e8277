using System.Security.Cryptography;
using Azure;

namespace HipaaFs.Storage.Azure;

/// <summary>Turns Azure's version tags into ours and back; the quotes are HTTP's, not the tag's.</summary>
internal static class AzureTags
{
    internal static EntityTag Of(ETag tag) => new(tag.ToString("G").Trim('"'));

    internal static ETag? Condition(EntityTag tag) => tag.IsAny ? null : new ETag(tag.Value!);

    /// <summary>The MD5 that a blob's properties name: of a Put Blob the service takes it itself, of a list of blocks whoever puts it may name one.</summary>
    internal static ContentMd5? Md5Of(byte[]? hash) => hash is { Length: MD5.HashSizeInBytes } ? new ContentMd5(Convert.ToHexStringLower(hash), Parts: null) : null;
}
