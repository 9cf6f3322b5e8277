using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Sessions;

namespace HipaaFs.Placements;

/// <summary>Gives everything below a directory a placement, while files are made, moved, written and deleted there.</summary>
/// <remarks>
/// <para>From the top down, each directory before what is in it, so that what is made meanwhile inherits it. What was made by what its directory said before, and what was moved meanwhile to where it was
/// passed already, is looked at again in the end (<see cref="AssignmentWatch"/>). One row at a time: what is cut off in the middle goes on when it is asked for
/// again, and what is right already is not written. Data stays where it is; moving it is another's.</para>
/// <para>One run at a time; others wait.</para>
/// </remarks>
internal sealed class PlacementAssignment : IDisposable
{
    private const int Page = 256;

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IMetadataStore _metadata;
    private readonly VolumeNames _names;
    private readonly FileTable _files;
    private readonly PlacementTable _placements;
    private readonly AssignmentWatch _watch;
    private readonly SessionClock _clock;

    internal PlacementAssignment(
        IMetadataStore metadata, VolumeNames names, FileTable files, PlacementTable placements, AssignmentWatch watch, SessionClock clock)
    {
        _watch = watch;
        _metadata = metadata;
        _names = names;
        _files = files;
        _placements = placements;
        _clock = clock;
    }

    /// <summary>Assigns.</summary>
    /// <param name="directory">The directory; it gets the placement too.</param>
    /// <param name="placement">The placement. Files whose names match one of its patterns get what that says.</param>
    /// <param name="except">Directories that are left alone with everything below them.</param>
    /// <param name="progress">Told after each page of entries; null when nobody asks.</param>
    /// <param name="cancel">Ends it; what is done stays done.</param>
    internal async Task<FsResult<AssignmentProgress>> RunAsync(
        InodeId directory, uint placement, IReadOnlySet<InodeId> except, IProgress<AssignmentProgress>? progress, CancellationToken cancel)
    {
        if (_placements.Find(placement) is null)
        {
            return FsError.InvalidArgument;
        }

        await _one.WaitAsync(cancel);
        try
        {
            MetadataResult<InodeAttributes> root = await _metadata.GetInodeAsync(directory, cancel);
            if (!root.Succeeded)
            {
                return root.Error.ToFsError();
            }

            if (!root.Value.IsDirectory)
            {
                return FsError.NotADirectory;
            }

            return await AssignAllAsync(root.Value, placement, except, progress, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Gives one file a placement, unless it was changed since it was read.</summary>
    /// <returns>Whether it has got it; false when it had it, was changed or is gone.</returns>
    internal ValueTask<FsResult<bool>> AssignFileAsync(InodeAttributes file, uint placement, CancellationToken cancel) => SetAsync(file, placement, InodeFlags.None, InodeFlags.None, file.Version, cancel);

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<FsResult<AssignmentProgress>> AssignAllAsync(
        InodeAttributes root, uint placement, IReadOnlySet<InodeId> except, IProgress<AssignmentProgress>? progress, CancellationToken cancel)
    {
        bool isEnded = false;
        try
        {
            await _watch.BeginAsync(cancel);
            FsResult<bool> set = await SetAsync(root, placement, cancel);
            if (!set.IsOk)
            {
                return set.Error;
            }

            FsResult<AssignmentProgress> done = await WalkAsync(root.Id, placement, except, new AssignmentProgress(0, 0, set.Value ? 1 : 0), progress, cancel);
            if (!done.IsOk)
            {
                return done;
            }

            isEnded = true;
            await _watch.EndAsync(cancel);
            return await SettleAsync(root.Id, placement, except, done.Value, progress, cancel);
        }
        finally
        {
            if (!isEnded)
            {
                _ = _watch.EndAsync(CancellationToken.None); // Nobody waits for those that still note something.
            }
        }
    }

    // What was made or moved meanwhile, where it is now.
    private async Task<FsResult<AssignmentProgress>> SettleAsync(
        InodeId root, uint placement, IReadOnlySet<InodeId> except, AssignmentProgress done, IProgress<AssignmentProgress>? progress, CancellationToken cancel)
    {
        foreach (InodeId noted in _watch.Take())
        {
            MetadataResult<DirectoryEntry> entry = await _metadata.FindEntryAsync(noted, cancel);
            if (!entry.Succeeded && entry.Error != MetadataError.NotFound)
            {
                return entry.Error.ToFsError();
            }

            if (!entry.Succeeded || except.Contains(noted) || !await IsBelowAsync(entry.Value.Parent, root, except, cancel))
            {
                continue;
            }

            FsResult<bool> set = await AssignAsync(entry.Value, placement, cancel);
            if (!set.IsOk)
            {
                return set.Error;
            }

            done = done with { Changed = done.Changed + (set.Value ? 1 : 0) };
            if (entry.Value.Inode.IsDirectory)
            {
                FsResult<AssignmentProgress> walked = await WalkAsync(noted, placement, except, done, progress, cancel);
                if (!walked.IsOk)
                {
                    return walked;
                }

                done = walked.Value;
            }
        }

        return done;
    }

    private async ValueTask<bool> IsBelowAsync(InodeId directory, InodeId root, IReadOnlySet<InodeId> except, CancellationToken cancel)
    {
        var seen = new HashSet<InodeId>(); // Damaged rows may be no tree.
        while (directory != root)
        {
            if (directory == InodeId.Root || except.Contains(directory) || !seen.Add(directory))
            {
                return false;
            }

            MetadataResult<DirectoryEntry> entry = await _metadata.FindEntryAsync(directory, cancel);
            if (!entry.Succeeded)
            {
                return false;
            }

            directory = entry.Value.Parent;
        }

        return true;
    }

    private async Task<FsResult<AssignmentProgress>> WalkAsync(
        InodeId root, uint placement, IReadOnlySet<InodeId> except, AssignmentProgress done, IProgress<AssignmentProgress>? progress, CancellationToken cancel)
    {
        var left = new Stack<(InodeId Directory, NameTag? After)>();
        left.Push((root, null));
        var page = new DirectoryEntry[Page];
        while (left.TryPop(out (InodeId Directory, NameTag? After) at))
        {
            MetadataResult<int> read = await _metadata.ReadDirectoryAsync(at.Directory, at.After, page, cancel);
            if (!read.Succeeded)
            {
                if (read.Error == MetadataError.NotFound)
                {
                    continue; // It was removed meanwhile.
                }

                return read.Error.ToFsError();
            }

            done = done with { Directories = done.Directories + (at.After is null ? 1 : 0) };
            if (read.Value == Page)
            {
                left.Push((at.Directory, page[^1].Name.Tag));
            }

            for (int i = 0; i < read.Value; i++)
            {
                InodeAttributes inode = page[i].Inode;
                if (inode.IsDirectory ? except.Contains(inode.Id) : !inode.IsFile)
                {
                    continue;
                }

                FsResult<bool> set = await AssignAsync(page[i], placement, cancel);
                if (!set.IsOk)
                {
                    return set.Error;
                }

                done = done with { Files = done.Files + (inode.IsFile ? 1 : 0), Changed = done.Changed + (set.Value ? 1 : 0) };
                if (inode.IsDirectory)
                {
                    left.Push((inode.Id, null));
                }
            }

            progress?.Report(done);
            await Task.Yield(); // Others get at the metadata between two pages.
        }

        return done;
    }

    // Of a file with several names the one decides that is the first for everybody, so that two runs come to the same.
    private async ValueTask<FsResult<bool>> AssignAsync(DirectoryEntry entry, uint placement, CancellationToken cancel)
    {
        if (entry.Inode is { IsFile: true, LinkCount: > 1 })
        {
            MetadataResult<DirectoryEntry> first = await _metadata.FindEntryAsync(entry.Inode.Id, cancel);
            if (first.Succeeded && (first.Value.Parent != entry.Parent || first.Value.Name.Tag != entry.Name.Tag))
            {
                return false;
            }
        }

        if (entry.Inode.IsFile && _placements.Find(placement)!.Patterns.Count > 0)
        {
            byte[]? name = _names.TryOpen(DomainId.Root, entry.Parent, entry.Name);
            if (name is null)
            {
                return FsError.NotAuthentic;
            }

            placement = _placements.Resolve(placement, name);
        }

        return await SetAsync(entry.Inode, entry.Inode.IsFile ? Settle(entry.Inode, placement) : placement, cancel);
    }

    // What has rested already need not be brought up to where it would rest.
    private uint Settle(InodeAttributes file, uint placement)
    {
        uint settled = _placements.Resettle(file.Placement, placement);
        return settled != file.Placement
            && _placements.Find(settled)?.Steps is [var first, ..]
            && _placements.Find(first.Placement) is { IsTier: true } tier
            && tier.Origin == settled
            && _clock.Now.ToDateTimeOffset() - file.LastChange.ToDateTimeOffset() >= first.After
                ? first.Placement
                : settled;
    }

    /// <summary>Gives one file a placement which it does not leave by age, until its directory is assigned another one for it. Whether that changes something.</summary>
    internal ValueTask<FsResult<bool>> PlaceFileAsync(InodeAttributes file, uint placement, CancellationToken cancel) =>
        SetAsync(file, placement, InodeFlags.KeepsTier, InodeFlags.None, null, cancel);

    /// <summary>Lets a file that <see cref="PlaceFileAsync"/> holds where it is leave it by age again. Whether that changes something.</summary>
    internal ValueTask<FsResult<bool>> ReleaseFileAsync(InodeAttributes file, CancellationToken cancel) =>
        SetAsync(file, file.Placement, InodeFlags.None, InodeFlags.KeepsTier, null, cancel);

    // Whether it had another one.
    private ValueTask<FsResult<bool>> SetAsync(InodeAttributes inode, uint placement, CancellationToken cancel) =>
        inode.Placement == placement ? ValueTask.FromResult<FsResult<bool>>(false) : SetAsync(inode, placement, InodeFlags.None, InodeFlags.KeepsTier, null, cancel);

    private async ValueTask<FsResult<bool>> SetAsync(InodeAttributes inode, uint placement, InodeFlags set, InodeFlags clear, ulong? version, CancellationToken cancel)
    {
        if (inode.Placement == placement && ((inode.Flags | set) & ~clear) == inode.Flags)
        {
            return false;
        }

        MetadataResult<Applied<InodeAttributes>> changed = await _metadata.SetAttributesAsync(
            new SetAttributesRequest
            {
                Operation = _clock.NextOperation(),
                Now = _clock.Now,
                Inode = inode.Id,
                Mask = AttributeMask.Placement | AttributeMask.KeepChangeTime,
                Placement = placement,
                SetFlags = set,
                ClearFlags = clear,
                ExpectedVersion = version,
            },
            cancel);
        if (!changed.Succeeded)
        {
            return changed.Error == MetadataError.NotFound || (version is not null && changed.Error == MetadataError.Conflict) ? false : changed.Error.ToFsError(); // Gone or changed meanwhile.
        }

        await TellAsync(inode.Id, placement, cancel);
        return true;
    }

    // The row first: whoever loads the state of a file from now on finds it there. A pass of writeback that began before has written its rows when this returns.
    private async ValueTask TellAsync(InodeId inode, uint placement, CancellationToken cancel)
    {
        if (_files.TryAcquire(inode) is not { } file)
        {
            return;
        }

        try
        {
            file.Place(placement);
            await file.ExtentGate.WaitAsync(cancel);
            file.ExtentGate.Release();
        }
        finally
        {
            _files.Release(file);
        }
    }
}
