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
    private ulong _last;

    /// <summary>Open handles of either kind.</summary>
    internal int Count => _files.Count + _directories.Count;

    /// <summary>Gives out a handle of a file.</summary>
    internal OpenFile Add(FileState file, OpenFlags flags)
    {
        var open = new OpenFile(Next(), file, flags, new ReadStreams());
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

    /// <summary>Whether a file is open for writing.</summary>
    internal bool HasWritten
    {
        get
        {
            foreach (KeyValuePair<ulong, OpenFile> open in _files)
            {
                if ((open.Value.Flags & OpenFlags.Write) != 0)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The inodes that are open for writing, each once.</summary>
    internal List<InodeId> ListWritten()
    {
        var inodes = new HashSet<InodeId>();
        foreach (KeyValuePair<ulong, OpenFile> open in _files)
        {
            if ((open.Value.Flags & OpenFlags.Write) != 0)
            {
                inodes.Add(open.Value.File.Id);
            }
        }

        return [.. inodes];
    }

    private HandleId Next() => new(Interlocked.Increment(ref _last));
}
