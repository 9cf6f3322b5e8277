namespace HipaaFs.Metadata;

/// <summary>What the size in a request means.</summary>
public enum SizeMode
{
    /// <summary>The file becomes at least that large.</summary>
    GrowTo = 0,

    /// <summary>The file becomes exactly that large; extents after it are cut off.</summary>
    Exact,
}
