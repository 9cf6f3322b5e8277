using System.Text;
using HipaaFs.Metadata;

namespace HipaaFs.Snapshots;

/// <summary>The directory <c>.snapshots</c> in the root of a mount: one directory for each snapshot, by its name.</summary>
/// <remarks>It is in no store: its inode and those of the snapshots' roots exist by their view numbers alone. Thread-safe.</remarks>
internal sealed class SnapshotDirectory
{
    // r-xr-xr-x: who may read something in a snapshot is decided there.
    private const uint Mode = ModeBits.Directory | 0x16D;

    private readonly SnapshotCatalog _catalog;
    private readonly ViewTable _views;
    private readonly IMetadataView _reader;

    internal SnapshotDirectory(SnapshotCatalog catalog, ViewTable views, IMetadataView reader, SnapshotDirectoryMode mode)
    {
        _catalog = catalog;
        _views = views;
        _reader = reader;
        IsVisible = mode == SnapshotDirectoryMode.Visible;
        IsThere = mode != SnapshotDirectoryMode.Off;
    }

    /// <summary>Its inode.</summary>
    internal static InodeId Inode { get; } = InodeId.Root.In(ViewTable.Directory);

    /// <summary>Its name.</summary>
    internal static ReadOnlyMemory<byte> Name { get; } = ".snapshots"u8.ToArray();

    /// <summary>Whether the root lists it.</summary>
    internal bool IsVisible { get; }

    /// <summary>Whether the root has it.</summary>
    internal bool IsThere { get; }

    /// <summary>Whether a name of a directory is this one's.</summary>
    internal bool IsNamed(InodeId parent, ReadOnlySpan<byte> name) => IsThere && parent == InodeId.Root && name.SequenceEqual(Name.Span);

    /// <summary>Its attributes: owner and times are the root's.</summary>
    internal static InodeAttributes Describe(in InodeAttributes root) =>
        root with { Id = Inode, Mode = Mode, LinkCount = 2, Flags = InodeFlags.None };

    /// <summary>The root of a snapshot.</summary>
    internal async ValueTask<FsResult<InodeAttributes>> LookupAsync(string name, CancellationToken interrupted)
    {
        FsResult<Snapshot> snapshot = await _catalog.FindAsync(name, interrupted);
        return snapshot.IsOk ? await RootOfAsync(snapshot.Value.Id, interrupted) : snapshot.Error;
    }

    /// <summary>Lists the snapshots; the cookie of one is its number and the cookie of the dots.</summary>
    internal async ValueTask<FsResult<int>> ReadAsync(
        ulong cookie, ulong dots, Memory<DirectoryItem> items, CancellationToken interrupted)
    {
        FsResult<IReadOnlyList<Snapshot>> all = await _catalog.ListAsync(interrupted);
        if (!all.IsOk)
        {
            return all.Error;
        }

        int count = 0;
        foreach (Snapshot snapshot in all.Value)
        {
            if (count == items.Length)
            {
                break;
            }

            if (snapshot.Id.Value + dots <= cookie)
            {
                continue;
            }

            FsResult<InodeAttributes> root = await RootOfAsync(snapshot.Id, interrupted);
            if (root.IsOk)
            {
                items.Span[count++] = new DirectoryItem(snapshot.Id.Value + dots, Encoding.UTF8.GetBytes(snapshot.Name), root.Value);
            }
            else if (root.Error != FsError.NotFound)
            {
                // What was listed before is a valid answer; the failure comes with the next call. One that is deleted meanwhile is left out.
                return count > 0 ? count : root.Error;
            }
        }

        return count;
    }

    private async ValueTask<FsResult<InodeAttributes>> RootOfAsync(SnapshotId snapshot, CancellationToken interrupted)
    {
        if (_views.NumberOf(snapshot) is not { } view)
        {
            return FsError.TooManyOpen;
        }

        MetadataResult<InodeAttributes> root = await _reader.GetInodeAsync(InodeId.Root.In(view), interrupted);
        return root.Succeeded ? root.Value : root.Error == MetadataError.SnapshotGone ? FsError.NotFound : root.Error.ToFsError();
    }
}
