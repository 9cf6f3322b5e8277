namespace HipaaFs.Storage;

/// <summary>How a request passes a <see cref="CircuitBreaker"/>.</summary>
public enum BreakerEntry
{
    /// <summary>Not at all.</summary>
    Refused,

    /// <summary>As one of many.</summary>
    Passed,

    /// <summary>As the one that finds out whether the store works again.</summary>
    Probe,
}
