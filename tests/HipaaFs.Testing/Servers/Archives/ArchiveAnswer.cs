namespace HipaaFs.Testing.Servers.Archives;

/// <summary>What the proxy answers in the server's place.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">S3's word for the error; null for a success, which has no body.</param>
/// <param name="Message">S3's sentence for it.</param>
internal sealed record ArchiveAnswer(int Status, string? Code = null, string Message = "")
{
    /// <summary>The object must be restored first.</summary>
    public static ArchiveAnswer NotReadable { get; } = new(403, "InvalidObjectState", "The operation is not valid for the object's storage class");

    /// <summary>The object need not be restored.</summary>
    public static ArchiveAnswer NothingToRestore { get; } = new(403, "InvalidObjectState", "Restore is not allowed for the object's current storage class");

    /// <summary>A restore is under way that this one does not hasten.</summary>
    public static ArchiveAnswer InProgress { get; } = new(409, "RestoreAlreadyInProgress", "Object restore is already in progress");

    /// <summary>The storage class is not restored at this speed.</summary>
    public static ArchiveAnswer WrongSpeed { get; } = new(400, "InvalidArgument", "Retrieval option is not supported by this storage class");

    /// <summary>The request to restore is none.</summary>
    public static ArchiveAnswer Malformed { get; } = new(400, "MalformedXML", "The XML you provided was not well-formed");

    /// <summary>There is no such object.</summary>
    public static ArchiveAnswer NoSuchKey { get; } = new(404, "NoSuchKey", "The specified key does not exist.");
}
