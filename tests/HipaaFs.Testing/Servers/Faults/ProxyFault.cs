namespace HipaaFs.Testing.Servers.Faults;

/// <summary>A misbehaviour of the way to a server and the requests it strikes.</summary>
public sealed record ProxyFault(ProxyFaultKind Kind)
{
    /// <summary>The store asks for fewer requests, in S3's words.</summary>
    public static ProxyFault SlowDown { get; } = new(ProxyFaultKind.Answer) { Status = 503, Code = "SlowDown" };

    /// <summary>The store has a fault of its own.</summary>
    public static ProxyFault InternalError { get; } = new(ProxyFaultKind.Answer) { Status = 500, Code = "InternalError" };

    /// <summary>The method struck, as in HTTP; null for all.</summary>
    public string? Verb { get; init; }

    /// <summary>What the target (path and query) holds; empty for all.</summary>
    public string Target { get; init; } = string.Empty;

    /// <summary>How many matching requests pass unharmed first.</summary>
    public int Skip { get; init; }

    /// <summary>How many requests are struck. Default: all.</summary>
    public int Count { get; init; } = int.MaxValue;

    /// <summary>The byte at which it happens, from 0; see <see cref="ProxyFaultKind"/> for what is counted.</summary>
    public long At { get; init; }

    /// <summary>The status answered.</summary>
    public int Status { get; init; } = 503;

    /// <summary>The store's own word for the error.</summary>
    public string Code { get; init; } = "ServiceUnavailable";

    /// <summary>What an Azure server says of credentials beside the code; null for nothing.</summary>
    public string? AuthenticationDetail { get; init; }

    /// <summary>The seconds that the answer asks to wait; null for none.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>By how much the answer's date differs from this machine's.</summary>
    public TimeSpan ClockSkew { get; init; }

    /// <summary>What <see cref="ProxyFaultKind.Throttle"/> takes its tokens from.</summary>
    public TokenBucket? Bucket { get; init; }

    /// <summary>Whether it strikes a request, its own count aside.</summary>
    internal bool Concerns(ProxyRequest request) => (Verb is null || Verb == request.Verb) && request.Target.Contains(Target, StringComparison.Ordinal);
}
