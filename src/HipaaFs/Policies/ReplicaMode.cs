namespace HipaaFs.Cli.Policies;

/// <summary>When a replica gets what is written.</summary>
internal enum ReplicaMode
{
    /// <summary>Later, in the background.</summary>
    Async,

    /// <summary>Before data counts as uploaded.</summary>
    Sync,
}
