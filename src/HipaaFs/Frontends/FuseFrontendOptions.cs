using HipaaFs.Cli.Mounting;

namespace HipaaFs.Cli.Frontends;

/// <summary>What a mount's options mean for the answers to the kernel.</summary>
internal sealed record FuseFrontendOptions
{
    /// <summary>How long the kernel may use names, missing names and attributes without asking. Defaults to a day: nobody else changes the volume.</summary>
    public TimeSpan KernelCacheTime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Owner and permission bits to show instead of the stored ones.</summary>
    public OwnershipOverride Ownership { get; init; } = OwnershipOverride.None;

    /// <summary>Whether a change of a directory is durable before it is answered (-o dirsync). Defaults to false.</summary>
    public bool SynchronousDirectories { get; init; }
}
