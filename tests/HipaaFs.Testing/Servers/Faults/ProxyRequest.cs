namespace HipaaFs.Testing.Servers.Faults;

/// <summary>A request that arrived at a <see cref="FaultProxy"/>.</summary>
/// <param name="Number">Its place among all that arrived, from 1.</param>
/// <param name="Verb">The HTTP method.</param>
/// <param name="Target">Path and query as sent.</param>
/// <param name="Head">Request line and headers.</param>
public sealed record ProxyRequest(int Number, string Verb, string Target, string Head)
{
    /// <summary>The target without its query.</summary>
    public string Path => Target.Split('?')[0];

    /// <summary>The value of a header; null when there is none.</summary>
    public string? Header(string name) => HttpMessageReader.HeaderOf(Head, name);
}
