using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Where the primary copy of a file is from some age on.</summary>
/// <param name="Store">The store.</param>
/// <param name="Tier">The tier.</param>
/// <param name="After">The age.</param>
/// <param name="Since">From when the age counts; null for new files.</param>
internal sealed record TransitionStep(string Store, StorageTier Tier, TimeSpan After, TransitionClock? Since)
{
    /// <summary>Where it is after a further step.</summary>
    public TransitionStep Then(Transition transition) => new(
        transition.Store?.Value ?? Store, transition.Tier?.Value ?? Tier, transition.After.Value, transition.Since);
}
