namespace HipaaFs.Cli.Mounting;

/// <summary>One line of /proc/self/mountinfo (proc(5)).</summary>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Type">File system type, as <c>fuse.hipaafs</c>.</param>
/// <param name="Source">What is mounted, as <c>hipaafs#VOLUME-ID-TAG</c>.</param>
/// <param name="Options">Options of the mount, separated by commas.</param>
internal sealed record MountEntry(string MountPoint, string Type, string Source, string Options)
{
    /// <summary>The type under which the driver mounts.</summary>
    public const string DriverType = "fuse.hipaafs";

    private const string SourcePrefix = "hipaafs#";

    /// <summary>The volume that is mounted; null when it is none of ours.</summary>
    public VolumeCopy? Volume =>
        Type == DriverType && Source.StartsWith(SourcePrefix, StringComparison.Ordinal) ? VolumeCopy.TryParse(Source.AsSpan(SourcePrefix.Length)) : null;

    /// <summary>The source that a mount of a volume shows.</summary>
    public static string SourceOf(VolumeCopy volume) => SourcePrefix + volume;
}
