namespace HipaaFs.FaultFs.Disk;

/// <summary>An operation and the path it was asked for, for people.</summary>
public readonly record struct LoggedOperation(DiskOperation Operation, string Path)
{
    /// <inheritdoc/>
    public override string ToString() => Operation switch
    {
        WriteOperation write => $"write {Path} {write.Offset}+{write.Data.Length}",
        TruncateOperation truncate => $"truncate {Path} {truncate.Length}",
        ClearOperation clear => $"clear {Path} {clear.Offset}+{clear.Length}",
        NameOperation names => $"names {Path} {string.Join(' ', names.Bindings.Select(binding => $"{binding.Name}={binding.Node}"))}",
        SyncOperation sync => $"{(sync.DataOnly ? "fdatasync" : "fsync")} {Path}",
        FailedSyncOperation => $"failed-sync {Path}",
        _ => throw new InvalidOperationException("an operation without words"),
    };
}
