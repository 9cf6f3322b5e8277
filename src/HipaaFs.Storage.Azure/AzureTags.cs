using Azure;

namespace HipaaFs.Storage.Azure;

/// <summary>Turns Azure's version tags into ours and back; the quotes are HTTP's, not the tag's.</summary>
internal static class AzureTags
{
    internal static EntityTag Of(ETag tag) => new(tag.ToString("G").Trim('"'));

    internal static ETag? Condition(EntityTag tag) => tag.IsAny ? null : new ETag(tag.Value!);
}
