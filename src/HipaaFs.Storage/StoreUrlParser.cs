namespace HipaaFs.Storage;

/// <summary>Reads one store URL. Strict: what is not understood is refused, so that a misspelt option is never silently without effect.</summary>
/// <remarks>The first problem is kept and parsing goes on with something harmless; a URL is returned only when there was none.</remarks>
internal sealed class StoreUrlParser
{
    private static readonly string[] S3Keys = ["endpoint", "region", "allow-insecure", "profile", "ca-file", "requester-pays", "kms-key", "archive-class"];
    private static readonly string[] AzureKeys = ["endpoint", "allow-insecure", "ca-file"];

    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private StoreUrlProblem? _problem;

    /// <summary>Returns the URL or the first problem found.</summary>
    public static (StoreUrl? Url, StoreUrlProblem? Problem) Parse(string? text)
    {
        var parser = new StoreUrlParser();
        StoreUrl? url = parser.ParseText(text);
        return parser._problem is null ? (url, null) : (null, parser._problem);
    }

    private StoreUrl? ParseText(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            Refuse(StoreUrlError.Empty, "the store URL is empty");
            return null;
        }

        int colon = text.IndexOf(':');
        string scheme = colon > 0 ? text[..colon].ToLowerInvariant() : string.Empty;
        if (scheme.Length == 0 || !scheme.All(char.IsAsciiLetterOrDigit))
        {
            Refuse(StoreUrlError.NoScheme, "a store URL begins with file://, s3:// or azblob://");
            return null;
        }

        if (text.Contains('#'))
        {
            Refuse(StoreUrlError.UnexpectedText, "a store URL has no fragment; write '#' as %23");
        }

        string rest = text[(colon + 1)..];
        switch (scheme)
        {
            case "file":
                return ParseFile(Split(rest, []));
            case "memory":
                return ParseMemory(rest);
            case "s3":
                return ParseS3(Split(rest, S3Keys));
            case "azblob":
                return ParseAzure(Split(rest, AzureKeys));
            default:
                Refuse(StoreUrlError.UnknownScheme, $"there is no kind of store called '{scheme}'; known are file, s3 and azblob");
                return null;
        }
    }

    private StoreUrl? ParseFile(string location)
    {
        if (!location.StartsWith('/') || location.Contains('\0'))
        {
            Refuse(StoreUrlError.InvalidPath, "a file store is file:///absolute/path, on this host");
            return null;
        }

        bool drive = OperatingSystem.IsWindows() && location.Length > 2 && location[2] == ':';
        string path = Path.GetFullPath(drive ? location[1..] : location);
        return new StoreUrl(StoreScheme.File) { Path = Path.TrimEndingDirectorySeparator(path) };
    }

    private StoreUrl ParseMemory(string rest)
    {
        if (rest.Length > 0)
        {
            Refuse(StoreUrlError.UnexpectedText, "nothing follows memory:");
        }

        return new StoreUrl(StoreScheme.Memory);
    }

    private StoreUrl ParseS3(string location)
    {
        (string bucket, string prefix) = Cut(location);
        if (!IsName(bucket, 63, ".-"))
        {
            Refuse(StoreUrlError.InvalidBucket, "a bucket's name is 3 to 63 small letters, digits, dots and hyphens: s3://bucket/prefix");
        }

        bool insecure = AllowInsecure();
        return new StoreUrl(StoreScheme.S3)
        {
            Bucket = bucket,
            Prefix = Prefix(prefix),
            Endpoint = Endpoint(insecure),
            Region = Region(),
            AllowInsecure = insecure,
            Profile = Text("profile"),
            CaFile = CaFile(),
            RequesterPays = Flag("requester-pays"),
            KmsKey = Text("kms-key"),
            ArchiveClass = ArchiveClass(),
        };
    }

    private StoreUrl ParseAzure(string location)
    {
        (string account, string remainder) = Cut(location);
        (string container, string prefix) = Cut(remainder);
        if (!IsName(account, 24, string.Empty))
        {
            Refuse(StoreUrlError.InvalidBucket, "an account's name is 3 to 24 small letters and digits: azblob://account/container/prefix");
        }

        if (!IsName(container, 63, "-"))
        {
            Refuse(StoreUrlError.InvalidBucket, "a container's name is 3 to 63 small letters, digits and hyphens: azblob://account/container/prefix");
        }

        bool insecure = AllowInsecure();
        return new StoreUrl(StoreScheme.AzureBlob)
        {
            Account = account,
            Bucket = container,
            Prefix = Prefix(prefix),
            Endpoint = Endpoint(insecure),
            AllowInsecure = insecure,
            CaFile = CaFile(),
        };
    }

    // Takes the options out of the part after "scheme:" and returns its decoded location, without the two slashes.
    private string Split(string rest, string[] knownKeys)
    {
        if (!rest.StartsWith("//", StringComparison.Ordinal))
        {
            Refuse(StoreUrlError.InvalidPath, "two slashes follow the scheme of a store URL");
            return string.Empty;
        }

        int question = rest.IndexOf('?');
        string location = question < 0 ? rest[2..] : rest[2..question];
        if (Cut(location).First.Contains('@'))
        {
            Refuse(StoreUrlError.HasCredentials, "a store URL carries no credentials; use the provider's own credential sources");
        }

        if (question >= 0)
        {
            TakeOptions(rest[(question + 1)..], knownKeys);
        }

        return Uri.UnescapeDataString(location);
    }

    private void TakeOptions(string query, string[] knownKeys)
    {
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=');
            string key = Uri.UnescapeDataString(equals < 0 ? pair : pair[..equals]);
            string value = equals < 0 ? string.Empty : Uri.UnescapeDataString(pair[(equals + 1)..]);
            if (Array.IndexOf(knownKeys, key) < 0)
            {
                string hint = knownKeys.Length == 0 ? "it has none" : $"known are {string.Join(", ", knownKeys)}";
                Refuse(StoreUrlError.UnknownKey, $"this kind of store URL has no option '{key}'; {hint}");
            }
            else if (!_options.TryAdd(key, value))
            {
                Refuse(StoreUrlError.DuplicateKey, $"the option '{key}' is given twice");
            }
        }
    }

    private string Prefix(string prefix)
    {
        string trimmed = prefix.TrimEnd('/');
        bool clean = trimmed.Length == 0 || trimmed.Split('/').All(static segment => segment is not ("" or "." or ".."));
        if (!clean || trimmed.Any(char.IsControl))
        {
            Refuse(StoreUrlError.InvalidPrefix, "a prefix is segments joined by single slashes, none of them '.' or '..'");
        }

        return trimmed;
    }

    private Uri? Endpoint(bool allowInsecure)
    {
        if (!_options.TryGetValue("endpoint", out string? text))
        {
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https")
            || endpoint.Query.Length > 0 || endpoint.Fragment.Length > 0)
        {
            Refuse(StoreUrlError.InvalidValue, "an endpoint is an https:// URL without a query");
            return null;
        }

        if (endpoint.UserInfo.Length > 0)
        {
            Refuse(StoreUrlError.HasCredentials, "an endpoint carries no credentials; use the provider's own credential sources");
        }

        if (endpoint.Scheme == "http" && !endpoint.IsLoopback && !allowInsecure)
        {
            Refuse(StoreUrlError.InsecureEndpoint, "plain http to another machine is refused; use https, or add allow-insecure=true");
        }

        return endpoint;
    }

    private string? Region()
    {
        string? region = _options.GetValueOrDefault("region");
        if (region is not null && (region.Length == 0 || !region.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')))
        {
            Refuse(StoreUrlError.InvalidValue, "a region is letters, digits and hyphens");
        }

        return region;
    }

    private string? Text(string key)
    {
        string? text = _options.GetValueOrDefault(key);
        if (text is not null && (text.Length == 0 || text.Any(char.IsControl)))
        {
            Refuse(StoreUrlError.InvalidValue, $"{key} is empty or holds control characters");
        }

        return text;
    }

    private string? CaFile()
    {
        string? path = Text("ca-file");
        if (path is not null && !Path.IsPathFullyQualified(path))
        {
            Refuse(StoreUrlError.InvalidValue, "ca-file is an absolute path");
        }

        return path;
    }

    private string ArchiveClass()
    {
        string name = _options.GetValueOrDefault("archive-class", "GLACIER");
        if (name is not ("GLACIER" or "DEEP_ARCHIVE"))
        {
            Refuse(StoreUrlError.InvalidValue, "archive-class is GLACIER or DEEP_ARCHIVE");
        }

        return name;
    }

    private bool AllowInsecure() => Flag("allow-insecure");

    private bool Flag(string key)
    {
        string value = _options.GetValueOrDefault(key, "false");
        if (value is not ("true" or "false"))
        {
            Refuse(StoreUrlError.InvalidValue, $"{key} is true or false");
        }

        return value == "true";
    }

    private void Refuse(StoreUrlError error, string message) => _problem ??= new StoreUrlProblem(error, message);

    private static (string First, string Remainder) Cut(string location)
    {
        int slash = location.IndexOf('/');
        return slash < 0 ? (location, string.Empty) : (location[..slash], location[(slash + 1)..]);
    }

    private static bool IsName(string name, int maxLength, string alsoAllowed)
    {
        return name.Length >= 3 && name.Length <= maxLength
            && name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || alsoAllowed.Contains(character));
    }
}
