using HipaaFs.Cache;
using HipaaFs.Memory;
using HipaaFs.Snapshots;
using HipaaFs.Staging;
using HipaaFs.Storage;

namespace HipaaFs.Volumes;

/// <summary>A volume's settings.</summary>
public sealed record VolumeOptions
{
    /// <summary>The volume's directory: key ring, lock, metadata. Absolute, on a local disk.</summary>
    public required string Directory { get; init; }

    /// <summary>The volume's id.</summary>
    public required Guid VolumeId { get; init; }

    /// <summary>The volume's home, the store that has change stream and key ring; an address of no store that is registered is the present one of the store that was the home last.</summary>
    public required StoreUrl Store { get; init; }

    /// <summary>Opens stores. Defaults to those of this machine.</summary>
    public ObjectStores Stores { get; init; } = ObjectStores.Local;

    /// <summary>Memory for buffers, frames, maps, dirty data and metadata pages, in bytes. Defaults to 256 MiB.</summary>
    public long MemoryBytes { get; init; } = 256L << 20;

    /// <summary>Size that the file system shows, in bytes; null shows one pebibyte, since an object store has no end.</summary>
    public long? CapacityBytes { get; init; }

    /// <summary>How the snapshots are shown. Defaults to a hidden directory.</summary>
    public SnapshotDirectoryMode SnapshotDirectory { get; init; }

    /// <summary>Days for which what is deleted or overwritten can be had back; 0, the default, keeps nothing.</summary>
    public int TrashDays { get; init; }

    /// <summary>The snapshot to show instead of the live state, by its name; null for none. Read-only.</summary>
    public string? ShownSnapshot { get; init; }

    /// <summary>The time to show instead of the live state: that of the newest snapshot not younger; null for none. Read-only.</summary>
    public DateTimeOffset? ShownTime { get; init; }

    /// <summary>Opens the volume for writing although it was put back to an older state, or another copy was opened since, which loses its right. Defaults to false.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Opens the volume for writing although its store lacks what the volume published, and publishes it again. Defaults to false.</summary>
    public bool AcceptOlderStore { get; init; }

    /// <summary>Gets the text of the policy that was applied last, if one was, before a session is opened and before anything is served, fetched or written to staging; throws what the opening is to end with. Defaults to null: no policy keeps the volume from being opened.</summary>
    public Action<byte[]>? JudgePolicy { get; init; }

    /// <summary>The cache of sealed frames.</summary>
    public required CacheOptions Cache { get; init; }

    /// <summary>The staging area.</summary>
    public required StagingOptions Staging { get; init; }

    /// <summary>How often metadata changes are published to the store, 1 s to 60 s. Defaults to 25 s: what the loss of this machine costs is then below a minute.</summary>
    public TimeSpan PublishInterval { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Age of the recovery point above which status shows an alarm; at least twice <see cref="PublishInterval"/>. Defaults to 2 min.</summary>
    public TimeSpan RecoveryPointLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The metadata database of a volume directory.</summary>
    public static string MetadataDirectory(string volume) => volume;

    /// <summary>The key ring of a volume directory.</summary>
    public static string RingPath(string volume) => Path.Combine(volume, "keyring");

    /// <summary>The lock of a volume directory.</summary>
    public static string LockPath(string volume) => Path.Combine(volume, "lock");

    /// <summary>The mark of a volume directory whose restore has not ended: what is in it is no volume.</summary>
    public static string RestoringPath(string volume) => Path.Combine(volume, "restoring");

    /// <summary>Adds one line to <paramref name="problems"/> for each setting that cannot be honoured.</summary>
    public void Validate(ICollection<string> problems)
    {
        if (!Path.IsPathFullyQualified(Directory))
        {
            problems.Add($"volume: '{Directory}' must be an absolute path");
        }

        if (MemoryBytes < MemoryBudget.MinBytes)
        {
            problems.Add($"memory: {MemoryBytes} bytes is below the minimum of {MemoryBudget.MinBytes >> 20} MiB");
        }

        if (CapacityBytes is <= 0)
        {
            problems.Add($"capacity: {CapacityBytes} must be above 0");
        }

        if (PublishInterval < TimeSpan.FromSeconds(1) || PublishInterval > TimeSpan.FromMinutes(1))
        {
            problems.Add($"recovery.publish: {PublishInterval.TotalSeconds} s must be from 1 s to 60 s");
        }

        if (RecoveryPointLimit < 2 * PublishInterval)
        {
            problems.Add($"recovery.alarm: {RecoveryPointLimit.TotalSeconds} s must be at least twice recovery.publish, {2 * PublishInterval.TotalSeconds} s");
        }

        Cache.Validate(problems);
        Staging.Validate(problems);
    }
}
