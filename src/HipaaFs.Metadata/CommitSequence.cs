using System.Globalization;

namespace HipaaFs.Metadata;

/// <summary>Place of an applied operation in the order of a volume's changes. Rising; gaps are allowed.</summary>
/// <param name="Value">The number; 0 is before every operation.</param>
public readonly record struct CommitSequence(ulong Value) : IComparable<CommitSequence>
{
    /// <summary>Orders by number.</summary>
    public static bool operator <(CommitSequence left, CommitSequence right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(CommitSequence left, CommitSequence right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(CommitSequence left, CommitSequence right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(CommitSequence left, CommitSequence right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(CommitSequence other) => Value.CompareTo(other.Value);

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
