using System.Runtime.InteropServices;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>What each user holds under each placement: all of it in memory, and what changed in the table before every COMMIT.</summary>
/// <remarks>Not thread-safe. There are few: users times placements that they use.</remarks>
internal sealed class UsageTable : IDisposable
{
    private readonly Statement _select;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Dictionary<(uint Placement, uint Uid), VolumeUsage> _owners = [];
    private readonly Dictionary<uint, VolumeUsage> _placements = [];
    private readonly HashSet<(uint Placement, uint Uid)> _changed = [];

    public UsageTable(SqliteFile file)
    {
        _select = file.Prepare("SELECT placement, uid, inodes, bytes, allocated FROM usage");
        _write = file.Prepare("INSERT OR REPLACE INTO usage VALUES (?, ?, ?, ?, ?)");
        _delete = file.Prepare("DELETE FROM usage WHERE placement = ? AND uid = ?");
    }

    public VolumeUsage Total { get; private set; }

    public VolumeUsage Of(uint placement) => _placements.GetValueOrDefault(placement);

    public VolumeUsage Of(uint placement, uint uid) => _owners.GetValueOrDefault((placement, uid));

    public List<OwnerUsage> List()
    {
        var usages = new List<OwnerUsage>(_owners.Count);
        foreach (((uint placement, uint uid), VolumeUsage usage) in _owners)
        {
            if (usage != default)
            {
                usages.Add(new OwnerUsage(placement, uid, usage));
            }
        }

        usages.Sort(static (one, other) => (one.Placement, one.Uid).CompareTo((other.Placement, other.Uid)));
        return usages;
    }

    /// <summary>Counts an inode in (+1) or out (-1).</summary>
    public void Count(in InodeAttributes inode, int sign)
    {
        (uint, uint) owner = (inode.Placement, inode.Uid);
        ref VolumeUsage ofOwner = ref CollectionsMarshal.GetValueRefOrAddDefault(_owners, owner, out _);
        ofOwner = ofOwner.Count(inode, sign);
        ref VolumeUsage ofPlacement = ref CollectionsMarshal.GetValueRefOrAddDefault(_placements, inode.Placement, out _);
        ofPlacement = ofPlacement.Count(inode, sign);
        Total = Total.Count(inode, sign);
        _changed.Add(owner);
    }

    /// <summary>Reads everything, at the start and after a rollback.</summary>
    public void Recall()
    {
        _owners.Clear();
        _placements.Clear();
        _changed.Clear();
        Total = default;
        while (_select.Step())
        {
            uint placement = _select.UInt32(0);
            var usage = new VolumeUsage(_select.Int64(2), _select.Int64(3), _select.Int64(4));
            _owners[(placement, _select.UInt32(1))] = usage;
            _placements[placement] = Sum(Of(placement), usage);
            Total = Sum(Total, usage);
        }
    }

    /// <summary>Writes what changed. Whoever holds nothing any more is forgotten.</summary>
    public void Flush()
    {
        foreach ((uint placement, uint uid) in _changed)
        {
            VolumeUsage usage = Of(placement, uid);
            if (usage != default)
            {
                _write.Bind(1, placement).Bind(2, uid).Bind(3, usage.Inodes).Bind(4, usage.FileBytes).Bind(5, usage.AllocatedBytes).Run();
                continue;
            }

            _owners.Remove((placement, uid));
            _delete.Bind(1, placement).Bind(2, uid).Run();
        }

        _changed.Clear();
    }

    public void Dispose()
    {
        _select.Dispose();
        _write.Dispose();
        _delete.Dispose();
    }

    private static VolumeUsage Sum(VolumeUsage one, VolumeUsage other) =>
        new(one.Inodes + other.Inodes, one.FileBytes + other.FileBytes, one.AllocatedBytes + other.AllocatedBytes);
}
