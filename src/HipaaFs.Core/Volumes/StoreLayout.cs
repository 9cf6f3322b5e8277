using System.Globalization;
using HipaaFs.Crypto;
using HipaaFs.Storage;

namespace HipaaFs.Volumes;

/// <summary>The keys of a volume's objects in a store (docs/format.md, "Objects").</summary>
internal static class StoreLayout
{
    /// <summary>Prefix of key ring generations.</summary>
    internal const string RingPrefix = "keyring/";

    /// <summary>Prefix of session claims.</summary>
    internal const string SessionPrefix = "session/";

    /// <summary>Prefix of data segments.</summary>
    internal const string SegmentPrefix = "seg/";

    /// <summary>Prefix of change stream objects.</summary>
    internal const string StreamPrefix = "stream/";

    /// <summary>The object that says which volume a store belongs to.</summary>
    internal static ObjectKey Volume { get; } = new("volume.json");

    /// <summary>Key of a data segment.</summary>
    internal static ObjectKey Segment(SegmentId id)
    {
        string hex = id.ToString();
        return new ObjectKey(string.Concat(SegmentPrefix, hex.AsSpan(0, 2), "/", hex));
    }

    /// <summary>The segment that a key names; false for what has another name than a segment.</summary>
    internal static bool TrySegment(ObjectKey key, out SegmentId id) =>
        SegmentId.TryParse(key.Value.AsSpan(key.Value.LastIndexOf('/') + 1), out id) && Segment(id) == key;

    /// <summary>Key of one generation of the key ring.</summary>
    internal static ObjectKey Ring(ulong generation) => new(RingPrefix + Hex(generation));

    /// <summary>Key of a session's claim.</summary>
    internal static ObjectKey Session(ulong number) => new(SessionPrefix + Hex(number));

    /// <summary>Key of a change stream object.</summary>
    internal static ObjectKey Stream(ulong session, ulong number, bool full) =>
        new($"{StreamPrefix}{Hex(session)}-{Hex(number)}-{(full ? "full" : "incr")}");

    /// <summary>A key that comes before both that a change stream object may have, and behind every earlier one.</summary>
    internal static ObjectKey BeforeStream(ulong session, ulong number) => new($"{StreamPrefix}{Hex(session)}-{Hex(number)}");

    /// <summary>The number in the last 16 hex digits of a session or ring key.</summary>
    internal static bool TryNumber(ObjectKey key, string prefix, out ulong number)
    {
        number = 0;
        return key.Value.StartsWith(prefix, StringComparison.Ordinal)
            && key.Value.Length == prefix.Length + 16
            && ulong.TryParse(key.Value.AsSpan(prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Takes a change stream key apart.</summary>
    internal static bool TryStream(ObjectKey key, out ulong session, out ulong number, out bool full)
    {
        session = number = 0;
        full = false;
        ReadOnlySpan<char> rest = key.Value.AsSpan();
        if (!rest.StartsWith(StreamPrefix, StringComparison.Ordinal) || rest.Length != StreamPrefix.Length + 38)
        {
            return false;
        }

        rest = rest[StreamPrefix.Length..];
        full = rest.EndsWith("-full", StringComparison.Ordinal);
        return (full || rest.EndsWith("-incr", StringComparison.Ordinal))
            && ulong.TryParse(rest[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out session)
            && ulong.TryParse(rest[17..33], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }

    private static string Hex(ulong value) => value.ToString("x16", CultureInfo.InvariantCulture);
}
