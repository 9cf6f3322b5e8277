namespace HipaaFs.Storage;

/// <summary>What a <see cref="CircuitBreaker"/> does with requests.</summary>
public enum BreakerState
{
    /// <summary>It lets them through.</summary>
    Closed,

    /// <summary>It refuses them.</summary>
    Open,

    /// <summary>It lets one through and refuses the others until that one is answered.</summary>
    HalfOpen,
}
