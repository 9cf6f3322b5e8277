using HipaaFs.FaultFs.Disk;

namespace HipaaFs.FaultFs.Crash;

/// <summary>Says what a disk holds after the power went at some operation of its log.</summary>
/// <remarks>
/// <para>Data: what was synced is there; of what was written since, any sectors may be. A sync that failed loses what it should have
/// written, although it can still be read until the crash.</para>
/// <para>Names: see <see cref="CrashOptions.Journal"/>. A rename is never half done. Modes, owners and times count as durable at once.</para>
/// </remarks>
public sealed class CrashModel
{
    private readonly Dictionary<int, DurableNode> _nodes = [];
    private readonly Dictionary<(int Parent, string Name), int> _names;
    private readonly List<NameOperation> _pending = [];
    private readonly bool _journal;

    private CrashModel(DiskStart start, bool journal)
    {
        _journal = journal;
        _names = new Dictionary<(int, string), int>(start.Names);
        foreach ((int node, PagedContent content) in start.Contents)
        {
            _nodes[node] = new DurableNode(content);
        }
    }

    /// <summary>The tree after a crash: names and the content of every file.</summary>
    /// <param name="start">What the disk held at first.</param>
    /// <param name="log">Everything done until the power went.</param>
    /// <param name="options">How it went.</param>
    public static CrashImage After(DiskStart start, IEnumerable<DiskOperation> log, CrashOptions options)
    {
        var model = new CrashModel(start, options.Journal);
        foreach (DiskOperation operation in log)
        {
            model.Take(operation);
        }

        return model.Crash(options);
    }

    private void Take(DiskOperation operation)
    {
        switch (operation)
        {
            case NameOperation names:
                _pending.Add(names);
                break;
            case SyncOperation sync:
                Sync(sync);
                break;
            case FailedSyncOperation failed:
                NodeOf(failed.Node).Lose();
                break;
            default:
                NodeOf(operation.Node).Add(operation);
                break;
        }
    }

    private void Sync(SyncOperation sync)
    {
        DurableNode node = NodeOf(sync.Node);
        bool commits = !sync.DataOnly || node.SizeChanged;
        node.Sync();
        if (_journal && commits)
        {
            _pending.ForEach(Bind);
            _pending.Clear();
        }
        else if (!_journal)
        {
            SyncNamesOf(sync.Node);
        }
    }

    // A name is durable only with all that was done to it before.
    private void SyncNamesOf(int directory)
    {
        var needed = new HashSet<(int, string)>();
        var durable = new HashSet<int>();
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            IReadOnlyList<NameBinding> bindings = _pending[i].Bindings;
            if (bindings.Any(binding => binding.Parent == directory || needed.Contains((binding.Parent, binding.Name))))
            {
                durable.Add(i);
                needed.UnionWith(bindings.Select(binding => (binding.Parent, binding.Name)));
            }
        }

        for (int i = 0; i < _pending.Count; i++)
        {
            if (durable.Contains(i))
            {
                Bind(_pending[i]);
            }
        }

        int at = 0;
        _pending.RemoveAll(_ => durable.Contains(at++));
    }

    private CrashImage Crash(CrashOptions options)
    {
        var dice = new Random(options.Seed);
        switch (options.Kind)
        {
            case CrashKind.All or CrashKind.Names:
                _pending.ForEach(Bind);
                break;
            case CrashKind.Dice when _journal:
                _pending.Take(dice.Next(_pending.Count + 1)).ToList().ForEach(Bind);
                break;
            case CrashKind.Dice:
                BindSome(dice);
                break;
        }

        return new CrashImage(_names, _nodes.ToDictionary(node => node.Key, node => node.Value.After(options.Kind, dice)));
    }

    private void BindSome(Random dice)
    {
        var lost = new HashSet<(int, string)>();
        double chance = dice.NextDouble();
        foreach (NameOperation operation in _pending)
        {
            IEnumerable<(int, string)> names = operation.Bindings.Select(binding => (binding.Parent, binding.Name));
            if (dice.NextDouble() < chance && !names.Any(lost.Contains))
            {
                Bind(operation);
            }
            else
            {
                lost.UnionWith(names);
            }
        }
    }

    private void Bind(NameOperation operation)
    {
        foreach (NameBinding binding in operation.Bindings)
        {
            if (binding.Node == 0)
            {
                _names.Remove((binding.Parent, binding.Name));
            }
            else
            {
                _names[(binding.Parent, binding.Name)] = binding.Node;
            }
        }
    }

    private DurableNode NodeOf(int id)
    {
        if (!_nodes.TryGetValue(id, out DurableNode? node))
        {
            _nodes[id] = node = new DurableNode(new PagedContent());
        }

        return node;
    }
}
