namespace HipaaFs.Storage;

/// <summary>Whether anybody may end a retention before its date. In order of strength.</summary>
public enum RetentionMode
{
    /// <summary>Who has a right of its own for it may shorten or end it: S3's governance, Azure's unlocked policy.</summary>
    Governance,

    /// <summary>Nobody may shorten or end it, the owner of the account included; it can be prolonged: S3's compliance, Azure's locked policy.</summary>
    Compliance,
}
