namespace HipaaFs.Metadata;

/// <summary>An inode without a name that a session still has open.</summary>
/// <param name="Inode">The inode.</param>
/// <param name="Session">The session.</param>
public readonly record struct OrphanRow(InodeId Inode, SessionId Session);
