namespace HipaaFs.Crypto;

/// <summary>What a nonce of a segment was used for. The values are the first byte of the nonce.</summary>
public enum SealKind : byte
{
    /// <summary>No kind; never valid in a nonce.</summary>
    None = 0,

    /// <summary>A frame; the number is the frame's.</summary>
    Frame = 1,

    /// <summary>The index; the number is the count of frames.</summary>
    Index = 2,
}
