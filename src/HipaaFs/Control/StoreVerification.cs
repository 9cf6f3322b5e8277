namespace HipaaFs.Cli.Control;

/// <summary>What looking into one store came to.</summary>
/// <param name="Store">The store, as it is now.</param>
/// <param name="Found">What was found.</param>
internal sealed record StoreVerification(StoreReport Store, ScrubResult Found);
