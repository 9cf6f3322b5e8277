using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using HipaaFs.Metadata;
using HipaaFs.ReadAhead;

namespace HipaaFs.Handles;

/// <summary>The handles given to the kernel.</summary>
/// <remarks>Thread-safe; look-ups take no lock and allocate nothing.</remarks>
internal sealed class HandleTable
{
    private readonly ConcurrentDictionary<ulong, OpenFile> _files = new();
    private readonly ConcurrentDictionary<ulong, OpenDirectory> _directories = new();
    private readonly long _mostReadAhead;
    private ulong _last;

    /// <param name="mostReadAhead">How far ahead of a reader to read at most, in bytes.</param>
    internal HandleTable(long mostReadAhead) => _mostReadAhead = mostReadAhead;

    /// <summary>Open handles of either kind.</summary>
    internal int Count => _files.Count + _directories.Count;

    /// <summary>Gives out a handle of a file.</summary>
    internal OpenFile Add(FileState file, OpenFlags flags)
    {
        if ((flags & OpenFlags.Write) != 0)
        {
            file.MayBeMapped |= (flags & OpenFlags.Read) != 0;
            file.KernelPages.Tell();
        }

        var open = new OpenFile(Next(), file, flags, new ReadStreams(_mostReadAhead));
        _files[open.Id.Value] = open;
        return open;
    }

    /// <summary>Gives out a handle of a directory.</summary>
    internal OpenDirectory Add(InodeId directory)
    {
        var open = new OpenDirectory(Next(), directory);
        _directories[open.Id.Value] = open;
        return open;
    }

    /// <summary>Finds an open file.</summary>
    internal bool TryGet(HandleId handle, [NotNullWhen(true)] out OpenFile? open) => _files.TryGetValue(handle.Value, out open);

    /// <summary>Finds an open directory.</summary>
    internal bool TryGet(HandleId handle, [NotNullWhen(true)] out OpenDirectory? open) => _directories.TryGetValue(handle.Value, out open);

    /// <summary>Takes a file's handle back.</summary>
    internal bool TryRemove(HandleId handle, [NotNullWhen(true)] out OpenFile? open) => _files.TryRemove(handle.Value, out open);

    /// <summary>Takes a directory's handle back.</summary>
    internal bool TryRemove(HandleId handle, [NotNullWhen(true)] out OpenDirectory? open) => _directories.TryRemove(handle.Value, out open);

    /// <summary>Whether the kernel may hold back pages of a file: one is open for writing and not known to be without.</summary>
    internal bool MayHaveHeldPages
    {
        get
        {
            foreach (KeyValuePair<ulong, OpenFile> open in _files)
            {
                if (MayHold(open.Value))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The files of which the kernel may hold back pages, each once. The caller takes a reference before it uses more than the inode.</summary>
    internal HashSet<FileState> ListHeld()
    {
        var files = new HashSet<FileState>();
        foreach (KeyValuePair<ulong, OpenFile> open in _files)
        {
            if (MayHold(open.Value))
            {
                files.Add(open.Value.File);
            }
        }

        return files;
    }

    private static bool MayHold(OpenFile open) => (open.Flags & OpenFlags.Write) != 0 && open.File.KernelPages.MayBeHeld;

    private HandleId Next() => new(Interlocked.Increment(ref _last));
}
