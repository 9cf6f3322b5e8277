namespace HipaaFs.Crypto;

/// <summary>A key domain as it stands in the ring.</summary>
internal sealed record RingDomain(DomainId Id, RingDomainState State, long Created, EpochId CurrentEpoch);
