namespace HipaaFs.Storage;

/// <summary>A store could not be opened. The message is for the person who configured it.</summary>
public sealed class StoreOpenException : IOException
{
    /// <summary>Creates the exception.</summary>
    public StoreOpenException(StoreError error, string message, Exception? cause = null)
        : base(message, cause)
    {
        Error = error;
    }

    /// <summary>
    /// Why: Unavailable (the root directory is gone, as of a file system that is not mounted), AccessDenied, Unsupported (this
    /// version cannot speak to such a store), InvalidRequest (the location is no directory).
    /// </summary>
    public StoreError Error { get; }
}
