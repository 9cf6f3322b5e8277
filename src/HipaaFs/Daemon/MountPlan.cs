using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Mounting;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Daemon;

/// <summary>Everything a mount needs, checked as far as that is possible before it starts.</summary>
/// <param name="Configuration">The settings that hold.</param>
/// <param name="Options">What <c>-o</c> said.</param>
/// <param name="MountPoint">Where, with all links resolved.</param>
/// <param name="Key">Where the key is.</param>
internal sealed record MountPlan(VolumeConfiguration Configuration, MountOptions Options, string MountPoint, KeyReference Key)
{
    /// <summary>The volume and its directory, for those who look for its daemon.</summary>
    public VolumeCopy Volume { get; } = VolumeCopy.In(Configuration.Directory, Configuration.VolumeId);
}
