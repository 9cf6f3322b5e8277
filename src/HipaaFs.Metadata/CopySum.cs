namespace HipaaFs.Metadata;

/// <summary>A number of segments.</summary>
/// <param name="Segments">How many.</param>
/// <param name="ObjectBytes">Bytes of their objects.</param>
public readonly record struct CopySum(long Segments, long ObjectBytes)
{
    /// <summary>Both together.</summary>
    public static CopySum operator +(CopySum left, CopySum right) =>
        new(left.Segments + right.Segments, left.ObjectBytes + right.ObjectBytes);
}
