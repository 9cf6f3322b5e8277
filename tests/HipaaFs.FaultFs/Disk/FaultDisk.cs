using HipaaFs.FaultFs.Crash;
using HipaaFs.FaultFs.Faults;
using HipaaFs.Fuse;

namespace HipaaFs.FaultFs.Disk;

/// <summary>A disk with its file system, in memory: what processes see, and the log of everything that changed it.</summary>
/// <remarks>
/// Each method carries out one call and answers errno, 0 for success. A call that a rule makes fail changes nothing. Nodes are never forgotten.
/// Not thread-safe: the caller holds <see cref="Gate"/>.
/// </remarks>
public sealed class FaultDisk
{
    private const int NoReplace = 1;
    private const int Exchange = 2;

    private readonly Dictionary<int, DiskNode> _nodes = [];
    private readonly List<LoggedOperation> _log = [];
    private readonly Dictionary<(int Parent, string Name), int> _startNames = [];
    private readonly Dictionary<int, PagedContent> _startContents = [];
    private readonly TimeProvider _time;
    private int _lastNode;
    private long _lastCookie;

    /// <summary>A disk that holds what a directory holds.</summary>
    public FaultDisk(string source, TimeProvider time)
    {
        _time = time;
        Load(source, NewNode(0x41ED));
    }

    /// <summary>Held during every call.</summary>
    public Lock Gate { get; } = new();

    /// <summary>What is made to fail.</summary>
    public FaultRules Rules { get; } = new();

    /// <summary>How fast it takes what is written.</summary>
    public WritePace Pace { get; } = new();

    /// <summary>Whether the power is gone: every call fails.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>What was done so far.</summary>
    public IReadOnlyList<LoggedOperation> Log => _log;

    /// <summary>A node by its number.</summary>
    public DiskNode NodeOf(int id) => _nodes[id];

    /// <summary>Finds a name.</summary>
    public DiskNode? Find(DiskNode parent, string name) =>
        parent.Cookies.TryGetValue(name, out long cookie) ? _nodes[parent.Entries[cookie].Node] : null;

    /// <summary>What the disk holds when the power goes after so many operations.</summary>
    public CrashImage CrashAfter(int operations, CrashOptions options) =>
        CrashModel.After(new DiskStart(_startNames, _startContents), _log.Take(operations).Select(logged => logged.Operation), options);

    internal int Create(DiskNode parent, string name, uint mode, uint uid, uint gid, out DiskNode created)
    {
        created = parent;
        int errno = Judge(FaultKind.Create, PathOf(parent, name));
        if (errno != 0 || Find(parent, name) is not null)
        {
            return errno != 0 ? errno : Errno.EEXIST;
        }

        created = NewNode(mode);
        (created.Uid, created.Gid) = (uid, gid);
        Bind(parent, [new NameBinding(parent.Id, name, created.Id)]);
        return 0;
    }

    internal int Link(DiskNode node, DiskNode parent, string name)
    {
        int errno = Judge(FaultKind.Link, PathOf(parent, name));
        if (errno != 0 || Find(parent, name) is not null)
        {
            return errno != 0 ? errno : Errno.EEXIST;
        }

        Bind(parent, [new NameBinding(parent.Id, name, node.Id)]);
        return 0;
    }

    internal int Remove(DiskNode parent, string name, bool directory)
    {
        if (Find(parent, name) is not { } node)
        {
            return Errno.ENOENT;
        }

        int errno = Judge(FaultKind.Unlink, PathOf(parent, name));
        if (errno != 0 || (directory && node.Entries.Count > 0))
        {
            return errno != 0 ? errno : Errno.ENOTEMPTY;
        }

        Rules.Removed(PathOf(parent, name));
        Bind(parent, [new NameBinding(parent.Id, name, 0)]);
        return 0;
    }

    internal int Rename(DiskNode parent, string name, DiskNode newParent, string newName, uint flags)
    {
        DiskNode? node = Find(parent, name);
        DiskNode? replaced = Find(newParent, newName);
        int errno = Judge(FaultKind.Rename, PathOf(newParent, newName));
        if (errno != 0 || node is null)
        {
            return errno != 0 ? errno : Errno.ENOENT;
        }

        if (replaced is not null && (flags & NoReplace) != 0)
        {
            return Errno.EEXIST;
        }

        if (replaced is { IsDirectory: true, Entries.Count: > 0 } && flags != Exchange)
        {
            return Errno.ENOTEMPTY;
        }

        if (replaced == node)
        {
            return 0;
        }

        int left = (flags & Exchange) != 0 && replaced is not null ? replaced.Id : 0;
        Bind(newParent, [new NameBinding(parent.Id, name, left), new NameBinding(newParent.Id, newName, node.Id)]);
        return 0;
    }

    internal int Write(DiskNode node, long offset, ReadOnlySpan<byte> data)
    {
        int errno = Judge(FaultKind.Write, node.Path);
        if (errno == 0)
        {
            node.Content.Write(offset, data);
            Touch(node);
            Add(new WriteOperation(node.Id, offset, data.ToArray()), node.Path);
        }

        return errno;
    }

    internal int Read(DiskNode node, long offset, Span<byte> destination)
    {
        int errno = Judge(FaultKind.Read, node.Path);
        if (errno == 0)
        {
            node.Content.Read(offset, destination);
        }

        return errno;
    }

    internal int Truncate(DiskNode node, long length)
    {
        int errno = Judge(FaultKind.Truncate, node.Path);
        if (errno == 0)
        {
            node.Content.SetLength(length);
            Touch(node);
            Add(new TruncateOperation(node.Id, length), node.Path);
        }

        return errno;
    }

    internal int Allocate(DiskNode node, uint mode, long offset, long length)
    {
        const uint keepSize = 1;
        const uint makesZeros = 2 | 0x10;
        int errno = Judge(FaultKind.Allocate, node.Path);
        if (errno != 0)
        {
            return errno;
        }

        if ((mode & makesZeros) != 0)
        {
            node.Content.Clear(offset, length);
            Add(new ClearOperation(node.Id, offset, length), node.Path);
        }

        if ((mode & keepSize) == 0 && offset + length > node.Content.Length)
        {
            node.Content.SetLength(offset + length);
            Add(new TruncateOperation(node.Id, offset + length), node.Path);
        }

        return 0;
    }

    internal int Sync(DiskNode node, bool dataOnly)
    {
        int errno = Judge(node.IsDirectory ? FaultKind.SyncDirectory : FaultKind.Sync, node.Path);
        Add(errno == 0 ? new SyncOperation(node.Id, dataOnly) : new FailedSyncOperation(node.Id), node.Path);
        return errno;
    }

    internal void Touch(DiskNode node) => SetModified(node, _time.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).Ticks * 100);

    internal static void SetModified(DiskNode node, long nanoseconds) => node.ModifiedNanoseconds = nanoseconds;

    private static string PathOf(DiskNode parent, string name) => parent.Path.Length == 0 ? name : $"{parent.Path}/{name}";

    private int Judge(FaultKind kind, string path) => IsFrozen ? Errno.EIO : Rules.Judge(kind, path);

    private void Add(DiskOperation operation, string path) => _log.Add(new LoggedOperation(operation, path));

    private DiskNode NewNode(uint mode)
    {
        var node = new DiskNode(++_lastNode, mode);
        Touch(node);
        _nodes[node.Id] = node;
        return node;
    }

    private void Bind(DiskNode directory, NameBinding[] bindings)
    {
        foreach (NameBinding binding in bindings)
        {
            Bind(binding);
        }

        Touch(directory);
        Add(new NameOperation(directory.Id, bindings), PathOf(directory, bindings[^1].Name));
    }

    private void Bind(NameBinding binding)
    {
        DiskNode parent = _nodes[binding.Parent];
        if (parent.Cookies.Remove(binding.Name, out long cookie))
        {
            _nodes[parent.Entries[cookie].Node].Links--;
            parent.Entries.Remove(cookie);
        }

        if (binding.Node != 0)
        {
            DiskNode node = _nodes[binding.Node];
            node.Links++;
            node.Path = PathOf(parent, binding.Name);
            parent.Cookies[binding.Name] = ++_lastCookie;
            parent.Entries[_lastCookie] = (binding.Name, binding.Node);
        }
    }

    private void Load(string source, DiskNode parent)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(source).EnumerateFileSystemInfos())
        {
            uint mode = (uint)entry.UnixFileMode | (entry is DirectoryInfo ? 0x4000u : 0x8000u);
            DiskNode node = NewNode(mode);
            Bind(new NameBinding(parent.Id, entry.Name, node.Id));
            _startNames[(parent.Id, entry.Name)] = node.Id;
            if (entry is DirectoryInfo)
            {
                Load(entry.FullName, node);
            }
            else
            {
                node.Content.Write(0, File.ReadAllBytes(entry.FullName));
                SetModified(node, new DateTimeOffset(entry.LastWriteTimeUtc).Subtract(DateTimeOffset.UnixEpoch).Ticks * 100);
                _startContents[node.Id] = node.Content.Copy();
            }
        }
    }
}
