namespace HipaaFs.Storage;

/// <summary>Turns what a file system throws into what a store answers. The one place for it.</summary>
internal static class FileFailures
{
    /// <summary>Whether this is a file system's failure rather than a bug.</summary>
    public static bool IsFileFailure(Exception exception) => exception is IOException or UnauthorizedAccessException;

    /// <summary>The store's answer for a file system's exception.</summary>
    public static StoreFailure From(Exception exception) => new(Classify(exception), Detail(exception));

    /// <summary>The error number without the path that messages may carry.</summary>
    public static string Detail(Exception exception) => exception switch
    {
        UnauthorizedAccessException => "access denied",
        FileNotFoundException or DirectoryNotFoundException => "not found",
        _ => $"errno {exception.HResult}",
    };

    // errno(3) on Linux; the HRESULT of a Win32 code on Windows.
    private static StoreError Classify(Exception exception) => exception switch
    {
        UnauthorizedAccessException => StoreError.AccessDenied,
        FileNotFoundException or DirectoryNotFoundException => StoreError.NotFound,
        PathTooLongException => StoreError.InvalidRequest,
        EndOfStreamException => StoreError.InvalidRequest,
        _ => OperatingSystem.IsWindows() ? ClassifyWin32(exception.HResult & 0xFFFF) : ClassifyErrno(exception.HResult),
    };

    private static StoreError ClassifyErrno(int errno) => errno switch
    {
        2 => StoreError.NotFound, // ENOENT
        1 or 13 or 30 => StoreError.AccessDenied, // EPERM, EACCES, EROFS
        20 or 21 or 36 or 40 => StoreError.InvalidRequest, // ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP
        27 or 28 or 122 => StoreError.NoSpace, // EFBIG, ENOSPC, EDQUOT
        110 => StoreError.TimedOut, // ETIMEDOUT
        _ => StoreError.Unavailable, // EIO, ESTALE, ENOTCONN, EMFILE ...: may pass
    };

    private static StoreError ClassifyWin32(int code) => code switch
    {
        2 or 3 => StoreError.NotFound, // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND
        5 or 19 => StoreError.AccessDenied, // ERROR_ACCESS_DENIED, ERROR_WRITE_PROTECT
        39 or 112 => StoreError.NoSpace, // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
        121 => StoreError.TimedOut, // ERROR_SEM_TIMEOUT
        _ => StoreError.Unavailable,
    };
}
