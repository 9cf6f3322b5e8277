using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>Asks to give an entry another name (rename(2), renameat2(2)).</summary>
public sealed record RenameRequest : MetadataRequest
{
    /// <summary>The directory the entry is in.</summary>
    public InodeId Parent { get; init; }

    /// <summary>The entry.</summary>
    public NameTag Name { get; init; }

    /// <summary>The directory it goes to.</summary>
    public InodeId NewParent { get; init; }

    /// <summary>The name it gets.</summary>
    public EntryName NewName { get; init; }

    /// <summary>For an exchange: the old name sealed anew, where the entry that moves there needs it under other keys. Null keeps the bytes there are.</summary>
    public EntryName? ExchangeName { get; init; }

    /// <summary>RENAME_NOREPLACE.</summary>
    public bool NoReplace { get; init; }

    /// <summary>RENAME_EXCHANGE.</summary>
    public bool Exchange { get; init; }

    /// <summary>The inode that must have the old name, else <see cref="MetadataError.Conflict"/>. Null: whichever has it.</summary>
    public InodeId? ExpectedInode { get; init; }

    /// <summary>The inode that must have the new name, else <see cref="MetadataError.Conflict"/>. Null: whichever has it, or none.</summary>
    public InodeId? ExpectedReplaced { get; init; }

    /// <summary>Whether a replaced inode that loses its last name stays, as an orphan of <see cref="Session"/>.</summary>
    public bool KeepOrphan { get; init; }

    /// <summary>The session that has the replaced inode open.</summary>
    public SessionId Session { get; init; }
}
