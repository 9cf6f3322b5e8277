namespace HipaaFs;

/// <summary>Tells a full disk from a broken one.</summary>
internal static class DiskErrors
{
    /// <summary>ENOSPC.</summary>
    internal const int NoSpace = 28;

    /// <summary>EIO.</summary>
    internal const int Broken = 5;

    private const int QuotaExceeded = 122; // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>What a failed write means for the one who wrote. The exception's HResult is errno on Unix.</summary>
    internal static FsError Classify(IOException exception) =>
        exception.HResult is NoSpace or QuotaExceeded or WindowsDiskFull ? FsError.NoSpace : FsError.Io;
}
