using HipaaFs.Snapshots;

namespace HipaaFs.Cli.Mounting;

/// <summary>What <c>-o</c> said.</summary>
internal sealed record MountOptions
{
    /// <summary>Nothing can be changed, and no session is claimed. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Users other than the one who mounts may enter, as mode bits allow. Default false.</summary>
    public bool AllowOther { get; init; }

    /// <summary>Set-user-id bits count (root only). Default false.</summary>
    public bool SetUserId { get; init; }

    /// <summary>Device nodes can be opened (root only). Default false.</summary>
    public bool Devices { get; init; }

    /// <summary>Programs cannot be executed. Default false.</summary>
    public bool NoExec { get; init; }

    /// <summary>Access times are not kept. Default false.</summary>
    public bool NoAccessTime { get; init; }

    /// <summary>Every write is durable when it returns. Default false.</summary>
    public bool Synchronous { get; init; }

    /// <summary>Every change of a directory is durable when it returns. Default false.</summary>
    public bool SynchronousDirectories { get; init; }

    /// <summary>The mount point may have entries, which the mount hides. Default false.</summary>
    public bool NonEmpty { get; init; }

    /// <summary>The volume is opened for writing although another copy was opened since, or it was put back. Default false.</summary>
    public bool TakeOver { get; init; }

    /// <summary>The volume is opened for writing although its store was put back to an older state. Default false.</summary>
    public bool AcceptOlderStore { get; init; }

    /// <summary>The daemon stays in the foreground. Default false.</summary>
    public bool Foreground { get; init; }

    /// <summary>Owner and mode shown instead of the stored ones.</summary>
    public OwnershipOverride Ownership { get; init; } = OwnershipOverride.None;

    /// <summary>Background requests that the kernel keeps in flight; 0 leaves it to the driver.</summary>
    public int MaxBackground { get; init; }

    /// <summary>Whether idle processors are kept from halting while requests come in a dense row (root only); null leaves it to the driver.</summary>
    public bool? KeepProcessorsAwake { get; init; }

    /// <summary>How long the kernel may use names and attributes without asking; null leaves it to the driver.</summary>
    public TimeSpan? KernelCacheTime { get; init; }

    /// <summary>How the snapshots are shown. Default hidden.</summary>
    public SnapshotDirectoryMode SnapshotDirectory { get; init; }

    /// <summary>The snapshot to mount, read-only; null for none.</summary>
    public string? Snapshot { get; init; }

    /// <summary>The time to mount, read-only; null for none.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Settings of volume.yaml that the options override, by key.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
