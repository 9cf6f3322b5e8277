using HipaaFs.Testing.Servers.Faults;

namespace HipaaFs.Testing.Servers.Archives;

/// <summary>The head of a request to S3, addressed by path: <c>/bucket/name?query</c>.</summary>
internal sealed class ArchiveRequest
{
    // What a query asks for in place of the object's content.
    private static readonly string[] Subresources = ["acl", "attributes", "legal-hold", "retention", "tagging", "torrent", "uploadId"];

    private readonly HashSet<string> _query;

    internal ArchiveRequest(string head)
    {
        Head = head;
        string[] line = head[..head.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ');
        Verb = line[0];
        string[] target = line[1].Split('?', 2);
        (Bucket, Name) = Split(target[0]);
        _query = target.Length > 1 ? [.. target[1].Split('&').Select(static part => part.Split('=')[0])] : [];
    }

    /// <summary>Request line and headers.</summary>
    internal string Head { get; }

    /// <summary>The HTTP method.</summary>
    internal string Verb { get; }

    /// <summary>The bucket; empty for the service itself.</summary>
    internal string Bucket { get; }

    /// <summary>The object's name in the bucket; empty for the bucket itself.</summary>
    internal string Name { get; }

    /// <summary>Whether it asks to restore an object.</summary>
    internal bool IsRestore => Verb == "POST" && Name.Length > 0 && _query.Contains("restore");

    /// <summary>Whether it asks for an object's headers, with or without its content.</summary>
    internal bool IsLook => Verb is "GET" or "HEAD" && Name.Length > 0 && !_query.Overlaps(Subresources);

    /// <summary>Whether the object there was is gone when it succeeds.</summary>
    internal bool IsReplacement => Verb is "PUT" or "DELETE" && Name.Length > 0 && !_query.Overlaps(Subresources);

    /// <summary>Whether it asks for a listing that tells of restores.</summary>
    internal bool IsListingOfRestores =>
        Verb == "GET" && Name.Length == 0 && _query.Contains("list-type")
        && HttpMessageReader.HeaderOf(Head, "x-amz-optional-object-attributes")?.Contains("RestoreStatus", StringComparison.Ordinal) == true;

    /// <summary>The object whose content is read, by a GET or a copy; null when none is.</summary>
    internal (string Bucket, string Name)? Source =>
        Verb == "GET" && IsLook ? (Bucket, Name)
        : Verb == "PUT" && HttpMessageReader.HeaderOf(Head, "x-amz-copy-source") is { } source ? Split(source.Split('?')[0])
        : null;

    private static (string Bucket, string Name) Split(string path)
    {
        string[] parts = Uri.UnescapeDataString(path).TrimStart('/').Split('/', 2);
        return (parts[0], parts.Length > 1 ? parts[1] : string.Empty);
    }
}
