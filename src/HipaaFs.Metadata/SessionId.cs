using System.Globalization;

namespace HipaaFs.Metadata;

/// <summary>Names one read-write life of a volume on one machine.</summary>
/// <param name="Value">The number; 0 is no session.</param>
public readonly record struct SessionId(ulong Value) : IComparable<SessionId>
{
    /// <summary>Orders by number.</summary>
    public static bool operator <(SessionId left, SessionId right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(SessionId left, SessionId right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(SessionId left, SessionId right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(SessionId left, SessionId right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(SessionId other) => Value.CompareTo(other.Value);

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
