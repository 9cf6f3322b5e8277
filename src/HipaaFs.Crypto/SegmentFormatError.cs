namespace HipaaFs.Crypto;

/// <summary>Why bytes were not taken for a segment's header or trailer.</summary>
public enum SegmentFormatError
{
    /// <summary>They were taken.</summary>
    None = 0,

    /// <summary>There are fewer bytes than the structure has.</summary>
    TooShort,

    /// <summary>The magic is missing: this is no segment, or it begins or ends damaged.</summary>
    NotASegment,

    /// <summary>The magic and format are right, and a field has a value the format does not allow.</summary>
    Damaged,

    /// <summary>A format this version does not read.</summary>
    UnsupportedFormat,

    /// <summary>A cipher suite this version does not have.</summary>
    UnsupportedSuite,

    /// <summary>A frame size this version does not read.</summary>
    UnsupportedFrameSize,

    /// <summary>A compression this version does not have.</summary>
    UnsupportedCompression,
}
