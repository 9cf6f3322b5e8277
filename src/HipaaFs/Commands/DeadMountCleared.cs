namespace HipaaFs.Cli.Commands;

/// <summary>The answer of an unmount that found a mount whose daemon was killed. What is staged nobody was there to tell.</summary>
/// <param name="MountPoint">Where it was.</param>
internal sealed record DeadMountCleared(string MountPoint)
{
    /// <summary>Always true: it tells this answer from that of a daemon.</summary>
    public bool WasDead { get; } = true;
}
