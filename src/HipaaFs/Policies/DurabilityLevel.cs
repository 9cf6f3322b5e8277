namespace HipaaFs.Cli.Policies;

/// <summary>What fsync(2) waits for (docs/semantics.md).</summary>
internal enum DurabilityLevel
{
    /// <summary>The local disk.</summary>
    Local,

    /// <summary>The primary store.</summary>
    Remote,
}
