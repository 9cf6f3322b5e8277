using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Placing;

/// <summary>Checks that the volume's home, to which change stream and key ring go, is one that the policy lets have them.</summary>
internal static class MetadataStoreCheck
{
    /// <summary>Checks.</summary>
    /// <exception cref="CommandException">It is not.</exception>
    public static void Run(LoadedPolicy policy, PolicyStoreMatch match)
    {
        PolicyDocument document = policy.Document;
        PolicyStore home = document.Stores.Single(store => match.NumberOf(store.Name) == match.Home);
        if (document.MetadataStores is { } named)
        {
            if (!named.Any(store => store.Value == home.Name))
            {
                throw Refused(
                    $"change stream and key ring go to the volume's home, {home.Name}, and 'metadata: stores:' ({policy.FileName}:{named[0].Place}) does not name it",
                    "Name it there; or make one of the others the home first: 'hipaafs store migrate MOUNTPOINT HOME OTHER'.");
            }

            return; // Their regions and agreements the policy's own checks have seen.
        }

        EffectivePolicy? health = new PolicyResolver(document).All().FirstOrDefault(static one => one.Classification is Classification.Phi or Classification.Limited);
        if (health is not null && !home.HasBaa)
        {
            throw Refused(
                $"change stream and key ring, which hold the names of {health.Name}, go to the volume's home, {home.Name}, which has no 'baa:' ({policy.FileName}:{home.Place})",
                "Say under which agreement it may hold them; or make another store the home first: 'hipaafs store migrate MOUNTPOINT HOME OTHER'.");
        }
    }

    private static CommandException Refused(string why, string action) => new(ExitCode.Refused, $"apply the policy: {why}", action);
}
