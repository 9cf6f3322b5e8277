using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Names;

/// <summary>What settings keep of names and paths: JSON, sealed as an attribute of the root that no program can set.</summary>
internal static class SealedSetting
{
    /// <summary>Seals a value.</summary>
    /// <param name="label">What it is; begins with "hipaafs " and holds no dot, so that no attribute of a file is called so.</param>
    /// <param name="value">The value.</param>
    /// <param name="type">How it is written.</param>
    /// <param name="names">The keys.</param>
    internal static byte[] Seal<T>(ReadOnlySpan<byte> label, T value, JsonTypeInfo<T> type, VolumeNames names) =>
        names.SealXattr(DomainId.Root, InodeId.Root, label, JsonSerializer.SerializeToUtf8Bytes(value, type)).SealedValue.ToArray();

    /// <summary>Opens what <see cref="Seal"/> sealed. Null when it is not authentic.</summary>
    /// <exception cref="JsonException">It makes no sense.</exception>
    internal static T? TryOpen<T>(ReadOnlySpan<byte> label, byte[] sealedValue, JsonTypeInfo<T> type, VolumeNames names)
        where T : class
    {
        byte[]? json = names.TryOpenXattrValue(DomainId.Root, InodeId.Root, label, new SealedXattr(default, default, sealedValue));
        return json is null ? null : JsonSerializer.Deserialize(json, type);
    }
}
