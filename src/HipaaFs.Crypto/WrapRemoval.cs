namespace HipaaFs.Crypto;

/// <summary>Outcome of removing a wrap from a ring.</summary>
public enum WrapRemoval
{
    /// <summary>The wrap is gone from the next generation.</summary>
    Removed,

    /// <summary>The ring has no such wrap.</summary>
    NotFound,

    /// <summary>It is the last wrap of its keys and stays: without it nothing could be opened.</summary>
    LastWrap,
}
