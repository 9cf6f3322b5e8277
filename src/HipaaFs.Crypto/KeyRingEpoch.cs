namespace HipaaFs.Crypto;

/// <summary>One epoch of a ring as it is shown to an administrator.</summary>
/// <param name="Id">Names the epoch.</param>
/// <param name="Domain">Whose epoch it is.</param>
/// <param name="Guard">Number of the guard its root key is sealed under.</param>
/// <param name="Created">When it began.</param>
/// <param name="IsCurrent">Whether new data of the domain is sealed under it.</param>
/// <param name="IsOpen">Whether its root key is held; false when the guard's key was not given.</param>
public sealed record KeyRingEpoch(EpochId Id, DomainId Domain, uint Guard, DateTimeOffset Created, bool IsCurrent, bool IsOpen);
