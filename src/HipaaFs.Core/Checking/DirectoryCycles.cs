using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>Finds directories that are in each other, so that nothing leads to them from the root or from a directory without a name.</summary>
/// <remarks>Used once, after all entries of directories were added.</remarks>
internal sealed class DirectoryCycles
{
    private readonly Dictionary<InodeId, List<EntryChange>> _names = []; // Entries by the directory they name.
    private readonly Dictionary<InodeId, List<InodeId>> _below = []; // Directories by the one they are in.
    private readonly HashSet<InodeId> _reached = [];

    /// <summary>Takes an entry that names a directory, in another one that is there.</summary>
    internal void Add(EntryChange entry)
    {
        ListOf(_names, entry.Inode).Add(entry);
        ListOf(_below, entry.Parent).Add(entry.Inode);
    }

    /// <summary>Answers of each cycle the directory with the lowest number: taken out of where it is it leads to all others, and to what is below them.</summary>
    internal List<InodeChange> Find(VolumeRows rows)
    {
        foreach (InodeChange row in rows.Inodes.Values)
        {
            if (row.Inode.IsDirectory && (row.Inode.Id == InodeId.Root || !_names.ContainsKey(row.Inode.Id)))
            {
                Reach(row.Inode.Id);
            }
        }

        var found = new List<InodeChange>();
        foreach (InodeId directory in _names.Keys.OrderBy(static id => id.Value))
        {
            if (!_reached.Contains(directory))
            {
                InodeId lowest = LowestOfCycleAbove(directory);
                found.Add(rows.Inodes[lowest]);
                Reach(lowest);
            }
        }

        return found;
    }

    /// <summary>The entries that name a directory.</summary>
    internal IReadOnlyList<EntryChange> NamesOf(InodeId directory) => _names[directory];

    private void Reach(InodeId from)
    {
        var open = new Stack<InodeId>();
        open.Push(from);
        while (open.TryPop(out InodeId directory))
        {
            if (_reached.Add(directory) && _below.TryGetValue(directory, out List<InodeId>? below))
            {
                below.ForEach(open.Push);
            }
        }
    }

    // What is not reached has a name, and so has what it is in: the way up comes back to where it was.
    private InodeId LowestOfCycleAbove(InodeId directory)
    {
        var passed = new HashSet<InodeId>();
        while (passed.Add(directory))
        {
            directory = _names[directory][0].Parent;
        }

        InodeId lowest = directory;
        for (InodeId next = _names[directory][0].Parent; next != directory; next = _names[next][0].Parent)
        {
            lowest = next.Value < lowest.Value ? next : lowest;
        }

        return lowest;
    }

    private static List<T> ListOf<T>(Dictionary<InodeId, List<T>> lists, InodeId key)
    {
        if (!lists.TryGetValue(key, out List<T>? list))
        {
            lists[key] = list = [];
        }

        return list;
    }
}
