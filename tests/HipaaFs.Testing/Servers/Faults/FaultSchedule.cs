namespace HipaaFs.Testing.Servers.Faults;

/// <summary>Strikes a share of the requests, each in one of the ways after which a repeat succeeds, chosen by a seed and the request's number alone.</summary>
public static class FaultSchedule
{
    /// <summary>A plan for <see cref="FaultProxy.Follow"/>.</summary>
    /// <param name="seed">Chooses.</param>
    /// <param name="share">The share of requests that is struck.</param>
    public static Func<ProxyRequest, ProxyFault?> Seeded(int seed, double share)
    {
        return request =>
        {
            var random = new Random(HashOf(seed, request.Number));
            return random.NextDouble() < share ? Choose(random, request) : null;
        };
    }

    private static int HashOf(int seed, int number) => unchecked((seed * 1_000_003) ^ (number * 7919));

    private static ProxyFault? Choose(Random random, ProxyRequest request) => random.Next(9) switch
    {
        0 => ProxyFault.SlowDown,
        1 => ProxyFault.InternalError,
        2 => new ProxyFault(ProxyFaultKind.Answer) { Status = 429, Code = "TooManyRequests", RetryAfter = 0 },
        3 => new ProxyFault(ProxyFaultKind.ResetRequest) { At = random.Next(1200) },
        4 => new ProxyFault(ProxyFaultKind.ResetAnswer) { At = random.Next(1200) },
        5 => new ProxyFault(ProxyFaultKind.StallRequest) { At = random.Next(1200) },
        6 => new ProxyFault(ProxyFaultKind.StallAnswer) { At = random.Next(1200) },
        7 => new ProxyFault(ProxyFaultKind.TruncateAnswer) { At = random.Next(400) },
        _ => IsContent(request) ? new ProxyFault(ProxyFaultKind.FlipRequest) { At = random.Next(64) } : null,
    };

    // Damage to content on its way up is seen by the server; documents carry no checksum.
    private static bool IsContent(ProxyRequest request) =>
        request.Verb == "PUT" && !request.Target.Contains("comp=blocklist", StringComparison.Ordinal);
}
