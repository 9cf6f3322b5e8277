namespace HipaaFs.Crypto;

/// <summary>What a sealed attribute is. The values enter its synthetic tag.</summary>
public enum SealedKind : byte
{
    /// <summary>No kind; never sealed.</summary>
    None = 0,

    /// <summary>The target of a symbolic link.</summary>
    SymlinkTarget = 1,

    /// <summary>The name of an extended attribute.</summary>
    XattrName = 2,

    /// <summary>The value of an extended attribute.</summary>
    XattrValue = 3,
}
