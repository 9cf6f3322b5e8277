using HipaaFs.Metadata.Sqlite.Requests;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>Which rule carries out which request.</summary>
internal static class Operations
{
    public static readonly Operation<DirectoryEntry> Create =
        new(static (rules, request) => rules.Names.Create((CreateRequest)request));

    public static readonly Operation<InodeAttributes> Link =
        new(static (rules, request) => rules.Names.Link((LinkRequest)request));

    public static readonly Operation<InodeAttributes> Unlink =
        new(static (rules, request) => rules.Names.Unlink((UnlinkRequest)request));

    public static readonly Operation<RenameOutcome> Rename =
        new(static (rules, request) => rules.Renames.Rename((RenameRequest)request));

    public static readonly Operation<InodeAttributes> SetAttributes =
        new(static (rules, request) => rules.Attributes.Set((SetAttributesRequest)request));

    public static readonly Operation<InodeAttributes> SetXattr =
        new(static (rules, request) => rules.Attributes.SetXattr((SetXattrRequest)request));

    public static readonly Operation<InodeAttributes> RemoveXattr =
        new(static (rules, request) => rules.Attributes.RemoveXattr((RemoveXattrRequest)request));

    public static readonly Operation<InodeAttributes> WriteExtents =
        new(static (rules, request) => rules.Extents.Write((WriteExtentsRequest)request));

    public static readonly Operation<InodeAttributes> Deallocate =
        new(static (rules, request) => rules.Extents.Deallocate((DeallocateRequest)request));

    public static readonly Operation<InodeAttributes> CloneExtents =
        new(static (rules, request) => rules.Extents.Clone((CloneExtentsRequest)request));

    public static readonly Operation<RelocationOutcome> Relocate =
        new(static (rules, request) => rules.Relocations.Relocate((RelocateRequest)request));

    public static readonly Operation<bool> ReleaseOrphan =
        new(static (rules, request) => rules.Names.ReleaseOrphan(((ReleaseOrphanRequest)request).Inode));

    public static readonly Operation<bool> AddSegment =
        new(static (rules, request) => rules.Volume.Add((AddSegmentRequest)request));

    public static readonly Operation<bool> UpdateSegment =
        new(static (rules, request) => rules.Volume.Update((UpdateSegmentRequest)request));

    public static readonly Operation<bool> SetCopies =
        new(static (rules, request) => rules.Volume.SetCopies((SetCopiesRequest)request));

    public static readonly Operation<bool> CondemnSegment =
        new(static (rules, request) => rules.Volume.Condemn((CondemnSegmentRequest)request));

    public static readonly Operation<bool> ForgetSegment =
        new(static (rules, request) => rules.Volume.Forget((ForgetSegmentRequest)request));

    public static readonly Operation<SessionRow> OpenSession =
        new(static (rules, request) => rules.Volume.Open((OpenSessionRequest)request));

    public static readonly Operation<bool> CloseSession =
        new(static (rules, request) => rules.Volume.Close((CloseSessionRequest)request));

    public static readonly Operation<bool> RaiseNextInode =
        new(static (rules, request) => rules.Volume.RaiseNextInode((RaiseNextInodeRequest)request));

    public static readonly Operation<SnapshotRow> CreateSnapshot =
        new(static (rules, request) => rules.Volume.CreateSnapshot((CreateSnapshotRequest)request));

    public static readonly Operation<bool> DeleteSnapshot =
        new(static (rules, request) => rules.Volume.DeleteSnapshot((DeleteSnapshotRequest)request));

    public static readonly Operation<bool> SetSetting =
        new(static (rules, request) => rules.Volume.SetSetting((SetSettingRequest)request));

    public static readonly Operation<bool> TrimChanges =
        new(static (rules, request) => rules.Volume.TrimChanges((TrimChangesRequest)request));

    public static readonly Operation<bool> Load =
        new(static (rules, request) => rules.Volume.Load((LoadRequest)request));
}
