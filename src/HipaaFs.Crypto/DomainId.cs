using System.Globalization;

namespace HipaaFs.Crypto;

/// <summary>Names one key domain of a volume: the data whose keys live and die together.</summary>
/// <param name="Value">Number of the domain; numbers are never used twice in a volume.</param>
public readonly record struct DomainId(uint Value)
{
    /// <summary>The domain of the volume's root directory, present in every volume.</summary>
    public static DomainId Root => default;

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
