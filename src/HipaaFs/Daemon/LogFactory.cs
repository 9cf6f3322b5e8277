using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Daemon;

/// <summary>Gives out the loggers of one provider, and closes it at the end.</summary>
internal sealed class LogFactory : ILoggerFactory
{
    private readonly ILoggerProvider _provider;

    /// <summary>Takes over the provider.</summary>
    public LogFactory(ILoggerProvider provider) => _provider = provider;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => _provider.CreateLogger(categoryName);

    /// <summary>There is one provider only.</summary>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the log has one provider");

    /// <inheritdoc/>
    public void Dispose() => _provider.Dispose();
}
