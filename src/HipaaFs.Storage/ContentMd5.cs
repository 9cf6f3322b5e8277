using System.Buffers;
using System.Globalization;

namespace HipaaFs.Storage;

/// <summary>The MD5 by which a store knows the content of an object that anybody may have put there.</summary>
/// <param name="Hex">32 digits, lower case.</param>
/// <param name="Parts">Null: of the content. Otherwise of the MD5s of so many parts, one after another.</param>
public readonly record struct ContentMd5(string Hex, int? Parts)
{
    private const int Digits = 32;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>What an S3 entity tag says of the content; null when it has another form. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html</summary>
    public static ContentMd5? OfEntityTag(string? tag)
    {
        if (tag is null || tag.Length < Digits || tag.AsSpan(0, Digits).ContainsAnyExcept(HexDigits))
        {
            return null;
        }

        string hex = tag[..Digits].ToLowerInvariant();
        if (tag.Length == Digits)
        {
            return new ContentMd5(hex, Parts: null);
        }

        return tag[Digits] == '-' && int.TryParse(tag.AsSpan(Digits + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int parts) && parts > 0
            ? new ContentMd5(hex, parts)
            : null;
    }
}
