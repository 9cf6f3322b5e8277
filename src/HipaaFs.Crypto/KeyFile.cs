using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>The text of a key file: a magic line, the key in base64, and a checksum that tells a damaged file from a wrong one.</summary>
internal static class KeyFile
{
    public const int MaxSize = 256;
    private const int ChecksumSize = 8;
    private const int EncodedKeyLength = 44;

    private static ReadOnlySpan<byte> Magic => "hipaafs-key-1"u8;

    private static ReadOnlySpan<byte> MagicOfAnyVersion => "hipaafs-key-"u8;

    /// <summary>Writes the text of a key file and returns its length.</summary>
    public static int Write(ReadOnlySpan<byte> key, Span<byte> text)
    {
        Magic.CopyTo(text);
        int length = Magic.Length;
        text[length++] = (byte)'\n';
        Base64.EncodeToUtf8(key, text[length..], out _, out int encoded);
        length += encoded;
        text[length++] = (byte)'\n';
        length += Encoding.ASCII.GetBytes(Checksum(key), text[length..]);
        text[length++] = (byte)'\n';
        return length;
    }

    /// <summary>Reads the key. Line ends of either kind and blanks at the end of lines are accepted; nothing else is.</summary>
    public static KeyError TryRead(ReadOnlySpan<byte> text, Span<byte> key)
    {
        ReadOnlySpan<byte> magic = TakeLine(ref text);
        ReadOnlySpan<byte> encoded = TakeLine(ref text);
        ReadOnlySpan<byte> checksum = TakeLine(ref text);
        if (!magic.SequenceEqual(Magic))
        {
            return IsNewerVersion(magic) ? KeyError.KeyNewerFormat : KeyError.KeyDamaged;
        }

        bool whole = encoded.Length == EncodedKeyLength
            && Base64.DecodeFromUtf8(encoded, key, out _, out int decoded) == OperationStatus.Done
            && decoded == KeyBox.KeySize
            && Encoding.ASCII.GetString(checksum) == Checksum(key)
            && text.Trim(" \t\r\n"u8).IsEmpty;
        return whole ? KeyError.None : KeyError.KeyDamaged;
    }

    private static bool IsNewerVersion(ReadOnlySpan<byte> magic)
    {
        return magic.StartsWith(MagicOfAnyVersion)
            && uint.TryParse(magic[MagicOfAnyVersion.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out uint version)
            && version > 1;
    }

    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
        text = end < 0 ? [] : text[(end + 1)..];
        return line.TrimEnd(" \t\r"u8);
    }

    private static string Checksum(ReadOnlySpan<byte> key)
    {
        using var message = new SecretMemory(Magic.Length + 1 + key.Length);
        Span<byte> bytes = message.GetSpan();
        Magic.CopyTo(bytes);
        bytes[Magic.Length] = (byte)'\n';
        key.CopyTo(bytes[(Magic.Length + 1)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return Convert.ToHexStringLower(hash[..ChecksumSize]);
    }
}
