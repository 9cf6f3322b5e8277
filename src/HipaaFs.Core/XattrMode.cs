namespace HipaaFs;

/// <summary>Whether setxattr(2) makes, replaces or does either.</summary>
public enum XattrMode
{
    /// <summary>Either.</summary>
    Any,

    /// <summary>The attribute must not exist (XATTR_CREATE).</summary>
    Create,

    /// <summary>The attribute must exist (XATTR_REPLACE).</summary>
    Replace,
}
