namespace HipaaFs.Cli.Policies;

/// <summary>Who can end a retention before its time. The words are those of S3 Object Lock.</summary>
internal enum RetentionMode
{
    /// <summary>Whom the store's administrator gives the right.</summary>
    Governance,

    /// <summary>Nobody: the objects are locked in their stores.</summary>
    Compliance,
}
