using System.Globalization;

namespace HipaaFs.Metadata;

/// <summary>Names one inode of a volume: 48 bits, never used twice.</summary>
/// <param name="Value">The number; 0 is no inode.</param>
public readonly record struct InodeId(ulong Value) : IComparable<InodeId>
{
    /// <summary>The root directory of every volume.</summary>
    public static InodeId Root => new(1);

    /// <summary>The largest number an inode can have.</summary>
    public static InodeId MaxValue => new((1UL << 48) - 1);

    /// <summary>Orders by number.</summary>
    public static bool operator <(InodeId left, InodeId right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(InodeId left, InodeId right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(InodeId left, InodeId right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(InodeId left, InodeId right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(InodeId other) => Value.CompareTo(other.Value);

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
