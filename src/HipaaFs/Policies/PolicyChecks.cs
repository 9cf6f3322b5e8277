namespace HipaaFs.Cli.Policies;

/// <summary>Checks what a policy says as a whole. What could not be read of it is left out of every check.</summary>
internal static class PolicyChecks
{
    /// <summary>Reports every contradiction.</summary>
    /// <param name="document">The policy.</param>
    /// <param name="reading">Where problems go.</param>
    /// <param name="today">The day it is, in UTC: what ended before it is hardly meant.</param>
    public static void Run(PolicyDocument document, PolicyReading reading, DateOnly today)
    {
        var resolver = new PolicyResolver(document);
        EffectivePolicy[] policies = [.. resolver.All()];
        ReferenceChecks.Run(document, reading, policies);
        MoneyChecks.Run(document, reading);
        new ResidencyChecks(document, reading, resolver).Run(policies);
        foreach (EffectivePolicy policy in policies)
        {
            PlacementChecks.Run(document, reading, policy);
            TransitionChecks.Run(document, reading, policy);
            ClassificationChecks.Run(document, reading, policies[0], policy);
            RetentionChecks.Run(document, reading, policy, today);
        }
    }
}
