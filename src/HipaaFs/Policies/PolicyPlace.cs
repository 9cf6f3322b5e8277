using System.Globalization;

namespace HipaaFs.Cli.Policies;

/// <summary>Where something stands in a policy file; lines and columns count from 1.</summary>
internal readonly record struct PolicyPlace(long Line, long Column) : IComparable<PolicyPlace>
{
    /// <summary>Where a file begins: the place of what is missing in all of it.</summary>
    public static readonly PolicyPlace Start = new(1, 1);

    /// <inheritdoc/>
    public int CompareTo(PolicyPlace other) =>
        Line != other.Line ? Line.CompareTo(other.Line) : Column.CompareTo(other.Column);

    /// <summary>"12:5".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}");
}
