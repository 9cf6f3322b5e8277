namespace HipaaFs.Crypto;

/// <summary>One entry of a segment's index: whose bytes lie where.</summary>
/// <param name="Inode">The inode the bytes belonged to when the segment was sealed.</param>
/// <param name="FileOffset">Where in the file the bytes begin.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="PlaintextOffset">Where in the segment's plaintext the bytes begin.</param>
public readonly record struct SegmentRun(ulong Inode, long FileOffset, uint Length, uint PlaintextOffset) : IComparable<SegmentRun>
{
    /// <summary>Length of the stored form in bytes.</summary>
    public const int Size = 24;

    /// <summary>Orders runs as the index does.</summary>
    public static bool operator <(SegmentRun left, SegmentRun right) => left.CompareTo(right) < 0;

    /// <summary>Orders runs as the index does.</summary>
    public static bool operator >(SegmentRun left, SegmentRun right) => left.CompareTo(right) > 0;

    /// <summary>Orders runs as the index does.</summary>
    public static bool operator <=(SegmentRun left, SegmentRun right) => left.CompareTo(right) <= 0;

    /// <summary>Orders runs as the index does.</summary>
    public static bool operator >=(SegmentRun left, SegmentRun right) => left.CompareTo(right) >= 0;

    /// <summary>Compares by inode, then file offset, then plaintext offset.</summary>
    public int CompareTo(SegmentRun other)
    {
        int order = Inode.CompareTo(other.Inode);
        if (order == 0)
        {
            order = FileOffset.CompareTo(other.FileOffset);
        }

        return order != 0 ? order : PlaintextOffset.CompareTo(other.PlaintextOffset);
    }
}
