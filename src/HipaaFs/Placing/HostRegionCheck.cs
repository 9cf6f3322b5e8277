using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Placing;

/// <summary>Checks that this machine, on whose disks staging and cache are, is where the directories of a policy may be.</summary>
internal static class HostRegionCheck
{
    /// <summary>Checks for a policy that is to be applied: this machine is where it says that machines are, which its own checks have compared with the regions of all directories.</summary>
    /// <param name="action">What is being done.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="declared">Where this machine is; null when nobody said.</param>
    /// <exception cref="CommandException">It is not there, or nobody said, and a directory has regions.</exception>
    public static void RefuseAnother(string action, PolicyDocument policy, string? declared)
    {
        if (declared is null || declared != policy.HostRegion?.Value)
        {
            RefuseFirst(action, policy, declared, FindBound(policy));
        }
    }

    /// <summary>Checks for the policy that was applied last: all directories may be where this machine is. That need not be where the policy says that machines are, else none could be mounted elsewhere to have it say so.</summary>
    /// <param name="action">What is being done.</param>
    /// <param name="text">The policy's text.</param>
    /// <param name="declared">Where this machine is; null when nobody said.</param>
    /// <exception cref="CommandException">One of them may not, or nobody said; or the policy is not understood.</exception>
    public static void RefuseOutside(string action, ReadOnlySpan<byte> text, string? declared)
    {
        PolicyDocument policy = PolicyFile.ReadKept(text) ?? throw new CommandException(
            ExitCode.UnsupportedFormat,
            $"{action}: this version does not understand the policy that was applied last, so that nobody knows what of it may be in which regions",
            "Use the version of hipaafs that applied it, or a newer one.");
        RefuseFirst(action, policy, declared, FindBound(policy).Where(directory => declared is null || !RegionsOf(directory).Contains(declared)));
    }

    /// <summary>Where a machine must be to mount a volume with this policy; null when it may be anywhere, or the policy is not understood.</summary>
    public static string? FindDemanded(ReadOnlySpan<byte> text) =>
        PolicyFile.ReadKept(text) is { } policy && FindBound(policy).FirstOrDefault() is { } directory ? Expected(policy, directory) : null;

    private static IEnumerable<EffectivePolicy> FindBound(PolicyDocument policy) => new PolicyResolver(policy).All()
        .Where(static one => one.Pattern is null && one.CanRead(PolicyFields.Regions) && one.Regions is not null);

    private static void RefuseFirst(string action, PolicyDocument policy, string? declared, IEnumerable<EffectivePolicy> directories)
    {
        if (directories.FirstOrDefault() is not { } directory)
        {
            return;
        }

        string expected = Expected(policy, directory);
        string said = declared is null ? "this machine does not declare in which region it is" : $"this machine declares that it is in {declared}";
        throw new CommandException(
            ExitCode.Refused,
            $"{action}: {directory.Name} may be in {string.Join(", ", RegionsOf(directory))}; by the policy staging and cache are in {expected}, and {said}",
            $"If it is in {expected}, write 'region: {expected}' into the volume.yaml of this machine and mount again. Else use a machine that is there, or have the policy say where it really is ('host: region:').");
    }

    private static string Expected(PolicyDocument policy, EffectivePolicy directory) => policy.HostRegion?.Value ?? RegionsOf(directory).First();

    private static IEnumerable<string> RegionsOf(EffectivePolicy directory) => directory.Regions!.Select(static region => region.Value);
}
