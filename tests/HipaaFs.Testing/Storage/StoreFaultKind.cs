namespace HipaaFs.Testing.Storage;

/// <summary>How a <see cref="FaultingObjectStore"/> misbehaves.</summary>
public enum StoreFaultKind
{
    /// <summary>Answers an error; nothing was done.</summary>
    Fail,

    /// <summary>Does what was asked, then answers an error: the request whose reply was lost.</summary>
    FailAfterwards,

    /// <summary>Throws what no store may throw: a mistake in the adapter. Nothing was done.</summary>
    Throw,

    /// <summary>Answers success for a put or delete that was not done.</summary>
    Lose,

    /// <summary>Waits, then does what was asked.</summary>
    Delay,

    /// <summary>Never answers until the caller gives up; nothing was done.</summary>
    Hang,

    /// <summary>Does what was asked, then never answers until the caller gives up.</summary>
    HangAfterwards,

    /// <summary>Reads, or stores, fewer bytes than there are.</summary>
    Truncate,

    /// <summary>Reads, or stores, with one bit flipped.</summary>
    Flip,

    /// <summary>Reads another object that is there.</summary>
    WrongObject,
}
