using HipaaFs.Metadata;

namespace HipaaFs;

/// <summary>What setattr changes; null leaves a thing as it is.</summary>
public readonly record struct AttributeChange
{
    /// <summary>New permission bits; the type cannot change.</summary>
    public uint? Mode { get; init; }

    /// <summary>New owner.</summary>
    public uint? UserId { get; init; }

    /// <summary>New group.</summary>
    public uint? GroupId { get; init; }

    /// <summary>New length in bytes.</summary>
    public long? Size { get; init; }

    /// <summary>The length is the least that the file shall have: what is longer by then stays as it is, and bytes past it stay.</summary>
    internal bool OnlyGrows { get; init; }

    /// <summary>New access time.</summary>
    public Timestamp? AccessTime { get; init; }

    /// <summary>New modification time.</summary>
    public Timestamp? ModifyTime { get; init; }

    /// <summary>New change time, sent by a kernel that keeps it in its write-back cache; else now.</summary>
    public Timestamp? ChangeTime { get; init; }

    /// <summary>Set-uid and set-gid go, since the caller lacks the privilege to keep them.</summary>
    public bool KillPrivileges { get; init; }
}
