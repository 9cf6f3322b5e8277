namespace HipaaFs.Fuse;

/// <summary>A mount could not be made.</summary>
public sealed class FuseMountException : Exception
{
    /// <summary>Creates the exception with its reason.</summary>
    public FuseMountException(FuseMountFailure reason, string message, int errno = 0)
        : base(message)
    {
        Reason = reason;
        ErrorNumber = errno;
    }

    /// <summary>Why, for a command line to explain.</summary>
    public FuseMountFailure Reason { get; }

    /// <summary>The errno behind it, or 0.</summary>
    public int ErrorNumber { get; }
}
