namespace HipaaFs.Metadata;

/// <summary>What a rename did.</summary>
/// <param name="Moved">The inode that has the new name now.</param>
/// <param name="Replaced">The inode that had it before, if any, after the change; after an exchange the one that has the old name now.</param>
public readonly record struct RenameOutcome(InodeAttributes Moved, InodeAttributes? Replaced);
