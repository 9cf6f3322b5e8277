using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace HipaaFs.Cli.Mounting;

/// <summary>A volume in one directory of this machine.</summary>
/// <remarks>After a restore beside the original two directories hold the same volume, and both may be mounted: each has a daemon of its own.</remarks>
/// <param name="Volume">Which volume it is.</param>
/// <param name="Tag">Which directory: the first four bytes of the SHA-256 of its path, in hexadecimal digits.</param>
internal readonly record struct VolumeCopy(Guid Volume, string Tag)
{
    private const int TagBytes = 4;
    private const int IdLength = 36;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The copy in a directory.</summary>
    public static VolumeCopy In(string directory, Guid volume)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(PathRelation.Resolve(directory)));
        return new VolumeCopy(volume, Convert.ToHexStringLower(hash.AsSpan(0, TagBytes)));
    }

    /// <summary>Reads what <see cref="ToString"/> writes. Null when it is something else.</summary>
    public static VolumeCopy? TryParse(ReadOnlySpan<char> text)
    {
        if (text.Length != IdLength + 1 + (TagBytes * 2) || text[IdLength] != '-' || !Guid.TryParseExact(text[..IdLength], "D", out Guid volume))
        {
            return null;
        }

        ReadOnlySpan<char> tag = text[(IdLength + 1)..];
        return tag.ContainsAnyExcept(HexDigits) ? null : new VolumeCopy(volume, tag.ToString());
    }

    /// <summary>As <c>VOLUME-ID-TAG</c>.</summary>
    public override string ToString() => $"{Volume}-{Tag}";
}
