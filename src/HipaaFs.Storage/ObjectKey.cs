using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace HipaaFs.Storage;

/// <summary>The name of an object in a store: segments of [a-z0-9._-] joined by '/', at most 512 bytes.</summary>
/// <remarks>
/// No segment is empty or begins with a dot, so a key is a relative path on any file system, cannot climb out of its
/// root, and leaves dot-names free for a store's own temporaries. Keys form a tree: no key is also the directory of
/// another. Compared and ordered by their bytes (ordinal).
/// </remarks>
public readonly record struct ObjectKey : IComparable<ObjectKey>
{
    /// <summary>The longest key in bytes, which are characters here.</summary>
    public const int MaxLength = 512;

    private const int MaxSegmentLength = 255;
    private const int MaxForeignLength = 1024; // Of S3 and Azure.

    private readonly string? _value;

    /// <summary>Wraps a key that is known to be well formed.</summary>
    /// <exception cref="ArgumentException">The text is not a key.</exception>
    public ObjectKey(string value)
    {
        if (!IsValid(value))
        {
            throw new ArgumentException("not an object key", nameof(value));
        }

        _value = value;
    }

    private ObjectKey(string value, bool isForeign)
    {
        Debug.Assert(isForeign, "a key of our own is checked");
        _value = value;
    }

    /// <summary>The key's text; empty only for the default value, which names no object.</summary>
    public string Value => _value ?? string.Empty;

    /// <summary>Orders keys as stores list them: by their bytes.</summary>
    public static bool operator <(ObjectKey left, ObjectKey right) => left.CompareTo(right) < 0;

    /// <summary>Orders keys as stores list them: by their bytes.</summary>
    public static bool operator <=(ObjectKey left, ObjectKey right) => left.CompareTo(right) <= 0;

    /// <summary>Orders keys as stores list them: by their bytes.</summary>
    public static bool operator >(ObjectKey left, ObjectKey right) => left.CompareTo(right) > 0;

    /// <summary>Orders keys as stores list them: by their bytes.</summary>
    public static bool operator >=(ObjectKey left, ObjectKey right) => left.CompareTo(right) >= 0;

    /// <summary>Wraps a key that comes from outside, such as a listing. Returns false when it is not well formed.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out ObjectKey key)
    {
        bool valid = IsValid(value);
        key = valid ? new ObjectKey(value!) : default;
        return valid;
    }

    /// <summary>
    /// Wraps a key, or if <paramref name="isForeign"/> the name of an object that other programs made: any relative path of at most 1,024 bytes that cannot climb out of its root. Such keys are for stores
    /// opened with <see cref="StoreOptions.ForeignKeys"/> only.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? value, bool isForeign, out ObjectKey key)
    {
        if (!isForeign)
        {
            return TryParse(value, out key);
        }

        bool valid = IsValidForeign(value);
        key = valid ? new ObjectKey(value!, isForeign) : default;
        return valid;
    }

    /// <inheritdoc/>
    public int CompareTo(ObjectKey other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The key's text.</summary>
    public override string ToString() => Value;

    private static bool IsValidForeign([NotNullWhen(true)] string? value)
    {
        if (string.IsNullOrEmpty(value) || Encoding.UTF8.GetByteCount(value) > MaxForeignLength || value.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        foreach (Range segment in value.AsSpan().Split('/'))
        {
            if (value.AsSpan()[segment] is "" or "." or "..")
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsValid([NotNullWhen(true)] string? value)
    {
        if (string.IsNullOrEmpty(value) || value.Length > MaxLength)
        {
            return false;
        }

        int segment = 0;
        for (int i = 0; i < value.Length; i++)
        {
            char character = value[i];
            if (character == '/')
            {
                if (segment == 0)
                {
                    return false;
                }

                segment = 0;
                continue;
            }

            bool allowed = char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character)
                || character is '_' or '-' || (character == '.' && segment > 0);
            segment++;
            if (!allowed || segment > MaxSegmentLength)
            {
                return false;
            }
        }

        return segment > 0;
    }
}
