using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace HipaaFs.Storage;

/// <summary>Where a store is: <c>file:///path</c>, <c>s3://bucket/prefix?endpoint=&amp;region=</c>, <c>azblob://account/container/prefix?endpoint=</c> or <c>memory:</c>.</summary>
/// <remarks>Never holds a secret: URLs with credentials are refused. Path and prefix may be percent-encoded; a '?' or '#' in them must be.</remarks>
public sealed record StoreUrl
{
    internal StoreUrl(StoreScheme scheme) => Scheme = scheme;

    /// <summary>The kind of store.</summary>
    public StoreScheme Scheme { get; }

    /// <summary>The directory of a file store, absolute; otherwise empty.</summary>
    public string Path { get; internal init; } = string.Empty;

    /// <summary>The bucket of an S3 store, the container of an Azure store; otherwise empty.</summary>
    public string Bucket { get; internal init; } = string.Empty;

    /// <summary>The account of an Azure store; otherwise empty.</summary>
    public string Account { get; internal init; } = string.Empty;

    /// <summary>What all object names of the store begin with, without slashes at its ends; empty for none.</summary>
    public string Prefix { get; internal init; } = string.Empty;

    /// <summary>The server, where it is not the provider's own; null for that.</summary>
    public Uri? Endpoint { get; internal init; }

    /// <summary>The region; null for the credential chain's.</summary>
    public string? Region { get; internal init; }

    /// <summary>Whether plain http to another machine is accepted.</summary>
    public bool AllowInsecure { get; internal init; }

    /// <summary>The named profile of the credential files of an S3 store; null for the credential chain.</summary>
    public string? Profile { get; internal init; }

    /// <summary>PEM certificates that are trusted instead of the system's, absolute; null for the system's.</summary>
    public string? CaFile { get; internal init; }

    /// <summary>Whether the requester of an S3 store pays instead of the bucket's owner.</summary>
    public bool RequesterPays { get; internal init; }

    /// <summary>The KMS key with which an S3 store encrypts once more (SSE-KMS); null for none. It names a key and is none.</summary>
    public string? KmsKey { get; internal init; }

    /// <summary>The S3 storage class of the archive tier: GLACIER or DEEP_ARCHIVE.</summary>
    public string ArchiveClass { get; internal init; } = "GLACIER";

    /// <summary>Parses a URL.</summary>
    /// <exception cref="FormatException">It is not one; the message says why.</exception>
    public static StoreUrl Parse(string text) =>
        TryParse(text, out StoreUrl? url, out StoreUrlProblem? problem) ? url : throw new FormatException(problem.Message);

    /// <summary>Parses a URL, or says what is wrong with it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out StoreUrl? url, [NotNullWhen(false)] out StoreUrlProblem? problem)
    {
        (url, problem) = StoreUrlParser.Parse(text);
        return url is not null;
    }

    /// <summary>Whether two URLs lead to the same objects, however they get there: options such as a profile or a region are not compared.</summary>
    public bool IsSamePlace(StoreUrl other) => Place == other.Place;

    // AWS has one bucket of a name whatever its server is called; a server that speaks http as well as https is one server.
    private (StoreScheme Scheme, string Path, string Server, string Account, string Bucket, string Prefix) Place => (Scheme, Path, Server, Account, Bucket, Prefix);

    private string Server => (Scheme, Endpoint) switch
    {
        (StoreScheme.AzureBlob, null) => $"{Account}.blob.core.windows.net",
        (StoreScheme.S3, { } aws) when aws.IdnHost.EndsWith(".amazonaws.com", StringComparison.Ordinal) => string.Empty,
        (_, { } own) => own.Authority + own.AbsolutePath.TrimEnd('/'),
        _ => string.Empty,
    };

    /// <summary>The URL in its one canonical spelling.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Scheme switch
        {
            StoreScheme.File => "file://" + Encode(OperatingSystem.IsWindows() ? "/" + Path.Replace('\\', '/') : Path),
            StoreScheme.Memory => "memory:",
            StoreScheme.S3 => "s3://" + Bucket,
            _ => "azblob://" + Account + "/" + Bucket,
        });
        if (Prefix.Length > 0)
        {
            text.Append('/').Append(Encode(Prefix));
        }

        char separator = '?';
        Append("endpoint", Endpoint?.ToString());
        Append("region", Region);
        Append("allow-insecure", AllowInsecure ? "true" : null);
        Append("profile", Profile);
        Append("ca-file", CaFile);
        Append("requester-pays", RequesterPays ? "true" : null);
        Append("kms-key", KmsKey);
        Append("archive-class", ArchiveClass == "GLACIER" ? null : ArchiveClass);
        return text.ToString();

        void Append(string key, string? value)
        {
            if (value is not null)
            {
                text.Append(separator).Append(key).Append('=').Append(Uri.EscapeDataString(value));
                separator = '&';
            }
        }
    }

    private static string Encode(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
