using System.Globalization;

namespace HipaaFs.Metadata;

/// <summary>Names one inode of a volume: 48 bits, never used twice; above them, for those that read it, 16 bits for the view.</summary>
/// <remarks>A store knows no view bits: who hands an id to it takes <see cref="InStore"/>.</remarks>
/// <param name="Value">The number; 0 is no inode.</param>
public readonly record struct InodeId(ulong Value) : IComparable<InodeId>
{
    /// <summary>The root directory of every volume.</summary>
    public static InodeId Root => new(1);

    /// <summary>The largest number an inode can have.</summary>
    public static InodeId MaxValue => new((1UL << 48) - 1);

    private const int ViewShift = 48;

    /// <summary>Which view the inode is seen in; 0 is the live one.</summary>
    public ushort View => (ushort)(Value >> ViewShift);

    /// <summary>The inode as a store knows it.</summary>
    public InodeId InStore => new(Value & MaxValue.Value);

    /// <summary>Orders by number.</summary>
    public static bool operator <(InodeId left, InodeId right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(InodeId left, InodeId right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(InodeId left, InodeId right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(InodeId left, InodeId right) => left.Value >= right.Value;

    /// <summary>The same inode, seen in a view.</summary>
    public InodeId In(ushort view) => new((Value & MaxValue.Value) | ((ulong)view << ViewShift));

    /// <inheritdoc/>
    public int CompareTo(InodeId other) => Value.CompareTo(other.Value);

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
