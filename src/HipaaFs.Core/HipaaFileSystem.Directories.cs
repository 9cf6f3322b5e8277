using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Snapshots;

namespace HipaaFs;

/// <content>Listing directories.</content>
public sealed partial class HipaaFileSystem
{
    /// <summary>Cookie after which the entries of a directory begin; 1 and 2 stand after "." and "..".</summary>
    private const ulong FirstEntryCookie = 2;

    /// <summary>Cookie of <c>.snapshots</c> in the root that lists it: greater than that of any entry.</summary>
    private const ulong SnapshotsCookie = FirstEntryCookie + 2 + (ulong.MaxValue >> 2);

    /// <summary>Opens a directory.</summary>
    public async ValueTask<FsResult<HandleId>> OpenDirectoryAsync(InodeId inode, CancellationToken interrupted)
    {
        FsResult<InodeAttributes> found = await GetAttributesAsync(inode, interrupted);
        if (!found.IsOk)
        {
            return found.Error;
        }

        return found.Value.IsDirectory ? _handles.Add(inode).Id : FsError.NotADirectory;
    }

    /// <summary>Lists a directory from a cookie on: 0 is the start, else what an item said. Resuming needs no copy of the directory.</summary>
    /// <remarks>
    /// Items are in the order of their cookies. Items of equal cookie are always in one answer together; a frontend that cannot place all of them in one reply
    /// places none of them. <see cref="FsError.OutOfRange"/>: they are more than <paramref name="items"/> has room for.
    /// </remarks>
    /// <returns>How many items were filled in; 0 at the end.</returns>
    public async ValueTask<FsResult<int>> ReadDirectoryAsync(
        HandleId handle, ulong cookie, Memory<DirectoryItem> items, CancellationToken interrupted)
    {
        if (!_handles.TryGet(handle, out OpenDirectory? open))
        {
            return FsError.BadHandle;
        }

        int count = 0;
        while (cookie < FirstEntryCookie && count < items.Length)
        {
            FsResult<DirectoryItem> dots = await DotsAsync(open.Directory, cookie, interrupted);
            if (!dots.IsOk)
            {
                return dots.Error;
            }

            items.Span[count++] = dots.Value;
            cookie++;
        }

        if (count == items.Length)
        {
            return count;
        }

        FsResult<int> entries = open.Directory == SnapshotDirectory.Inode
            ? await _parts.Snapshots.ReadAsync(cookie, FirstEntryCookie, items[count..], interrupted)
            : await ReadEntriesAsync(open.Directory, cookie, items[count..], interrupted);
        if (entries is { IsOk: true, Value: 0 } && ShowsSnapshots(open.Directory, cookie))
        {
            entries = await ListSnapshotDirectoryAsync(items[count..], interrupted);
        }

        return entries.IsOk ? count + entries.Value : entries.Error;
    }

    /// <summary>Closes a directory.</summary>
    public FsError ReleaseDirectory(HandleId handle) => _handles.TryRemove(handle, out OpenDirectory? _) ? FsError.None : FsError.BadHandle;

    private async ValueTask<FsResult<DirectoryItem>> DotsAsync(InodeId directory, ulong cookie, CancellationToken interrupted)
    {
        InodeId inode = directory;
        if (cookie == 1 && directory.InStore == InodeId.Root)
        {
            inode = directory.View is 0 or ViewTable.Directory ? InodeId.Root : SnapshotDirectory.Inode;
        }
        else if (cookie == 1)
        {
            MetadataResult<DirectoryEntry> entry = await _view.FindEntryAsync(directory, interrupted);
            inode = entry.Succeeded ? entry.Value.Parent : directory; // A removed directory has no parent any more.
        }

        FsResult<InodeAttributes> row = await GetAttributesAsync(inode, interrupted);
        if (!row.IsOk)
        {
            return row.Error;
        }

        byte[] name = cookie == 0 ? "."u8.ToArray() : ".."u8.ToArray();
        return new DirectoryItem(cookie + 1, name, row.Value);
    }

    private async ValueTask<FsResult<int>> ReadEntriesAsync(
        InodeId directory, ulong cookie, Memory<DirectoryItem> items, CancellationToken interrupted)
    {
        if (cookie - FirstEntryCookie > ulong.MaxValue >> _parts.CookieShift)
        {
            return 0; // Behind the greatest that an entry may have; shifted back it would be the first.
        }

        long applications = _files.Applications;
        var entries = new DirectoryEntry[items.Length + 1]; // The one that has no room tells whether it belongs to the last that has.
        ulong from = cookie == FirstEntryCookie ? 0 : (cookie - FirstEntryCookie) << _parts.CookieShift;
        MetadataResult<int> read = await _view.ReadDirectoryFromAsync(directory, from, entries, interrupted);
        if (!read.Succeeded)
        {
            return read.Error == MetadataError.NotFound ? 0 : read.Error.ToFsError();
        }

        int count = read.Value == entries.Length ? WithoutSplitGroup(entries) : read.Value;
        if (count == 0 && read.Value > 0)
        {
            return FsError.OutOfRange; // All of these have one cookie, and there are more.
        }

        for (int i = 0; i < count; i++)
        {
            byte[]? name = _names.TryOpen(DomainOf(directory), directory, entries[i].Name);
            if (name is null)
            {
                return FsError.NotAuthentic;
            }

            items.Span[i] = new DirectoryItem(CookieOf(entries[i]), name, Overlay(entries[i].Inode));
        }

        if (applications != _files.Applications)
        {
            await RefreshAsync(items[..count], interrupted);
        }

        return count;
    }

    // Data of some file went to its row while the rows were read.
    private async ValueTask RefreshAsync(Memory<DirectoryItem> items, CancellationToken interrupted)
    {
        for (int i = 0; i < items.Length; i++)
        {
            DirectoryItem item = items.Span[i];
            if (item.Attributes.IsFile && (await GetAttributesAsync(item.Attributes.Id, interrupted)) is { IsOk: true } now)
            {
                items.Span[i] = item with { Attributes = now.Value };
            }
        }
    }

    private bool ShowsSnapshots(InodeId directory, ulong cookie) =>
        _parts.Snapshots.IsVisible && directory == InodeId.Root && cookie != SnapshotsCookie;

    private async ValueTask<FsResult<int>> ListSnapshotDirectoryAsync(Memory<DirectoryItem> items, CancellationToken interrupted)
    {
        FsResult<InodeAttributes> attributes = await GetAttributesAsync(SnapshotDirectory.Inode, interrupted);
        if (!attributes.IsOk)
        {
            return attributes.Error;
        }

        items.Span[0] = new DirectoryItem(SnapshotsCookie, SnapshotDirectory.Name, attributes.Value);
        return 1;
    }

    private ulong CookieOf(DirectoryEntry entry) => FirstEntryCookie + 1 + (entry.Name.Tag.High64 >> _parts.CookieShift);

    // The last group of equal cookies may go on behind what was read: it waits for the next answer.
    private int WithoutSplitGroup(DirectoryEntry[] entries)
    {
        ulong last = CookieOf(entries[^1]);
        int kept = entries.Length - 1;
        while (kept > 0 && CookieOf(entries[kept - 1]) == last)
        {
            kept--;
        }

        return kept;
    }
}
