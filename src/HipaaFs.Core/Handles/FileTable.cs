using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using HipaaFs.Dirty;
using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>The inodes that are open, have unapplied data, or are being worked on. Everything else is a row and nothing more.</summary>
/// <remarks>Thread-safe. One lock, held over memory only.</remarks>
internal sealed class FileTable
{
    private readonly Lock _lock = new();
    // Files that nobody has open and whose state is kept for what they lost. One more would be forgotten with its last handle, as a local filesystem does it.
    private const int MaxLost = 10_000;

    private readonly Dictionary<InodeId, FileState> _files = [];
    private readonly HashSet<FileState> _lost = []; // Guarded by _lock; each is one reference.
    private readonly PagePool _pool;
    private long _applications;

    internal FileTable(PagePool pool) => _pool = pool;

    /// <summary>Files in the table.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _files.Count;
            }
        }
    }

    /// <summary>Files of which written bytes were refused and are not there again, and why of one of them; <see cref="FsError.None"/> without any.</summary>
    internal (int Files, FsError Error) Lost
    {
        get
        {
            lock (_lock)
            {
                FsError error = FsError.None;
                foreach (FileState file in _lost)
                {
                    error = file.Lost.Error;
                    break;
                }

                return (_lost.Count, error);
            }
        }
    }

    /// <summary>
    /// How often unapplied data of any file has gone to its row. Whoever lays unapplied data over a row that was read before, reads it again when this has changed:
    /// the row may be from before and the data gone.
    /// </summary>
    internal long Applications => Volatile.Read(ref _applications);

    /// <summary>Counts one, after the row has it and before the state forgets it.</summary>
    internal void CountApplication() => Interlocked.Increment(ref _applications);

    /// <summary>Finds or makes a file's state and adds a reference to it.</summary>
    internal FileState Acquire(InodeId id)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(id, out FileState? file))
            {
                file = new FileState(id, _pool);
                _files.Add(id, file);
            }

            file.References++;
            return file;
        }
    }

    /// <summary>Finds a file's state without a reference, to look at what is ahead of its row.</summary>
    internal bool TryPeek(InodeId id, [NotNullWhen(true)] out FileState? file)
    {
        lock (_lock)
        {
            return _files.TryGetValue(id, out file);
        }
    }

    /// <summary>Finds a file's state and adds a reference, or returns null when nobody works on it.</summary>
    internal FileState? TryAcquire(InodeId id)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(id, out FileState? file))
            {
                return null;
            }

            file.References++;
            return file;
        }
    }

    /// <summary>Adds a reference to a file that the caller already refers to.</summary>
    internal void AddReference(FileState file)
    {
        lock (_lock)
        {
            Debug.Assert(file.References > 0, "only a holder can share");
            file.References++;
        }
    }

    /// <summary>Takes one reference away.</summary>
    internal void Release(FileState file)
    {
        lock (_lock)
        {
            Debug.Assert(file.References > 0, "released once too often");
            if (--file.References == 0)
            {
                _files.Remove(file.Id);
            }
        }
    }

    /// <summary>Keeps a file's state, or lets it go, after what it has lost has changed. The caller holds its <see cref="FileState.Gate"/> and a reference.</summary>
    internal void KeepWhileLost(FileState file)
    {
        lock (_lock)
        {
            if (file.Lost.Error == FsError.None)
            {
                file.References -= _lost.Remove(file) ? 1 : 0;
            }
            else if (_lost.Count < MaxLost && _lost.Add(file))
            {
                file.References++;
            }
        }
    }

    /// <summary>Counts a handle in.</summary>
    internal void AddHandle(FileState file)
    {
        lock (_lock)
        {
            file.Handles++;
        }
    }

    /// <summary>Counts a handle out. Returns true when it was the last of an inode without a name.</summary>
    internal bool RemoveHandle(FileState file)
    {
        lock (_lock)
        {
            Debug.Assert(file.Handles > 0, "closed once too often");
            return --file.Handles == 0 && file.IsOrphan;
        }
    }

    /// <summary>Whether an inode is open.</summary>
    internal bool IsOpen(InodeId id)
    {
        lock (_lock)
        {
            return _files.TryGetValue(id, out FileState? file) && file.Handles > 0;
        }
    }

    /// <summary>Says whether an open inode has lost its last name. Returns false when it is not open any more.</summary>
    internal bool TrySetOrphan(InodeId id, bool orphan)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(id, out FileState? file) || file.Handles == 0)
            {
                return false;
            }

            file.IsOrphan = orphan;
            return true;
        }
    }

    /// <summary>A reference to every file in the table that is one of some inodes, live or as a snapshot shows it, to be released by the caller one by one.</summary>
    internal List<FileState> AcquireAny(HashSet<InodeId> inodes)
    {
        lock (_lock)
        {
            var files = new List<FileState>();
            foreach (FileState file in _files.Values)
            {
                if (inodes.Contains(file.Id.InStore))
                {
                    file.References++;
                    files.Add(file);
                }
            }

            return files;
        }
    }
}
