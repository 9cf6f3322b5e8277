using System.Globalization;

namespace HipaaFs.Metadata;

/// <summary>Names one snapshot of a volume. Rising, never used twice.</summary>
/// <param name="Value">The number; 0 is before every snapshot.</param>
public readonly record struct SnapshotId(ulong Value) : IComparable<SnapshotId>
{
    /// <summary>Orders by number.</summary>
    public static bool operator <(SnapshotId left, SnapshotId right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(SnapshotId left, SnapshotId right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(SnapshotId left, SnapshotId right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(SnapshotId left, SnapshotId right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(SnapshotId other) => Value.CompareTo(other.Value);

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
