using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace HipaaFs.Crypto;

/// <summary>Names one volume: 128 random bits.</summary>
/// <param name="Value">The identifier; its stored form is big-endian, so that byte order is numeric order.</param>
public readonly record struct VolumeId(UInt128 Value)
{
    /// <summary>Length of the stored form in bytes.</summary>
    public const int Size = 16;

    /// <summary>Draws a new identifier from the system's random generator.</summary>
    public static VolumeId NewRandom()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    /// <summary>Reads the first 16 bytes of <paramref name="source"/>.</summary>
    public static VolumeId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>Reads the 32 lower-case hexadecimal digits that <see cref="ToString"/> writes, and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out VolumeId id)
    {
        id = default;
        if (text.Length != Size * 2 || text.ContainsAnyInRange('A', 'F')
            || !UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 value))
        {
            return false;
        }

        id = new VolumeId(value);
        return true;
    }

    /// <summary>Writes 16 bytes, most significant first.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    /// <summary>The identifier as 32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
