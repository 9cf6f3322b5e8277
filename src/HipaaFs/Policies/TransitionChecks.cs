using HipaaFs.Cli.Placing;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Checks the ways down that files of a directory go as they age.</summary>
internal static class TransitionChecks
{
    /// <summary>Reports steps that cannot be taken, and warns of those that cost more than they save.</summary>
    public static void Run(PolicyDocument document, PolicyReading reading, EffectivePolicy policy)
    {
        if (!policy.CanRead(PolicyFields.Primary, PolicyFields.Tier, PolicyFields.Replicas, PolicyFields.Transitions) || policy.Primary is null)
        {
            return;
        }

        var at = new TransitionStep(policy.Primary, policy.Tier, policy.Tier == StorageTier.Archive ? PlacementNumbering.Rest : TimeSpan.Zero, null);
        WarnOfEarlyDeletion(document, reading, policy, at);
        foreach (Placed<Transition> placed in policy.Transitions)
        {
            Transition transition = placed.Value;
            TransitionStep next = at.Then(transition);
            if (transition.After.Value <= at.After)
            {
                reading.Report(
                    transition.After.Place,
                    $"transitions.after: {PolicyWords.Of(transition.After.Value)} is not later than the step before it, {PolicyWords.Of(at.After)}");
            }

            CheckTarget(document, reading, policy, at, transition);
            WarnOfEarlyLeaving(document, reading, at, transition);
            WarnOfEarlyDeletion(document, reading, policy, next);
            at = next;
        }
    }

    private static void CheckTarget(PolicyDocument document, PolicyReading reading, EffectivePolicy policy, TransitionStep at, Transition transition)
    {
        TransitionStep next = at.Then(transition);
        PolicyPlace place = (transition.Tier?.Place ?? transition.Store?.Place)!.Value;
        string tier = PolicyWords.Of(next.Tier);
        if (next.Store == at.Store ? next.Tier <= at.Tier : next.Tier < at.Tier)
        {
            reading.ReportOnce(
                place, $"{at} {next}", $"transitions.tier: {tier} is not colder than {PolicyWords.Of(at.Tier)}, where {policy.Name} is by then");
        }

        if (next.Store != at.Store && policy.Replicas.Any(replica => replica.Value.Store.Value == next.Store))
        {
            reading.ReportOnce(transition.Store!.Value.Place, next.Store, $"transitions.store: {next.Store} has a replica of {policy.Name} already");
        }

        if (document.FindStore(next.Store) is { } store && !PlacementChecks.HasTier(store, next.Tier))
        {
            reading.ReportOnce(place, store.Name, $"transitions: {store.Name} is a directory and has no tier {tier}, as {policy.Name} would need");
        }
    }

    private static void WarnOfEarlyLeaving(PolicyDocument document, PolicyReading reading, TransitionStep at, Transition next)
    {
        // Ages by different clocks cannot be compared.
        bool sameClock = at.Since is null || at.Since == next.Since;
        TimeSpan stay = next.After.Value - at.After;
        if (sameClock && MinimumDays(document, at) is var days && stay < TimeSpan.FromDays(days))
        {
            reading.Warn(
                next.After.Place,
                $"transitions.after: leaves {PolicyWords.Of(at.Tier)} of {at.Store} after {PolicyWords.Of(stay)}, and {days} days are charged at least");
        }
    }

    private static void WarnOfEarlyDeletion(PolicyDocument document, PolicyReading reading, EffectivePolicy policy, TransitionStep at)
    {
        EffectiveEntry retention = policy[PolicyFields.Retention];
        if (policy.Retention?.Period is { } period && retention.Origin.Place is { } place
            && MinimumDays(document, at) is > 0 and var days && period.LeastDays < at.After.TotalDays + days)
        {
            reading.Warn(
                place,
                $"retention: what may be deleted after {period} can be in {PolicyWords.Of(at.Tier)} of {at.Store} for less than the {days} days that are charged");
        }
    }

    private static long MinimumDays(PolicyDocument document, TransitionStep at) =>
        document.FindStore(at.Store)?.Prices?.Value.MinimumDays.GetValueOrDefault(at.Tier) ?? 0;
}
