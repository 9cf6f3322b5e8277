namespace HipaaFs.Crypto;

/// <summary>What a segment holds. The values are those of the header.</summary>
public enum RecordClass : byte
{
    /// <summary>No class; never valid in a header.</summary>
    None = 0,

    /// <summary>Data of files.</summary>
    Data = 1,

    /// <summary>A stretch of the change stream.</summary>
    ChangeStream = 2,

    /// <summary>A manifest of retained files.</summary>
    Manifest = 3,
}
