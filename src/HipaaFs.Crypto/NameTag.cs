using System.Buffers.Binary;
using System.Globalization;

namespace HipaaFs.Crypto;

/// <summary>The keyed, one-way stand-in of a name: what directories are sorted and searched by.</summary>
/// <param name="Value">The tag; its stored form is big-endian, so that byte order is numeric order.</param>
public readonly record struct NameTag(UInt128 Value) : IComparable<NameTag>
{
    /// <summary>Length of the stored form in bytes.</summary>
    public const int Size = 16;

    /// <summary>The first eight bytes, from which the readdir cookie is made.</summary>
    public ulong High64 => (ulong)(Value >> 64);

    /// <summary>Orders tags by value.</summary>
    public static bool operator <(NameTag left, NameTag right) => left.Value < right.Value;

    /// <summary>Orders tags by value.</summary>
    public static bool operator >(NameTag left, NameTag right) => left.Value > right.Value;

    /// <summary>Orders tags by value.</summary>
    public static bool operator <=(NameTag left, NameTag right) => left.Value <= right.Value;

    /// <summary>Orders tags by value.</summary>
    public static bool operator >=(NameTag left, NameTag right) => left.Value >= right.Value;

    /// <summary>Reads the first 16 bytes of <paramref name="source"/>.</summary>
    public static NameTag Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>Writes 16 bytes, most significant first.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    /// <inheritdoc/>
    public int CompareTo(NameTag other) => Value.CompareTo(other.Value);

    /// <summary>The tag as 32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
