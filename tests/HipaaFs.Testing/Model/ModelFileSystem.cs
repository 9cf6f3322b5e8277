using System.Globalization;
using System.Text;

namespace HipaaFs.Testing.Model;

/// <summary>A file system in memory that does nothing but what POSIX says: the reference.</summary>
public sealed partial class ModelFileSystem(bool hasPageCache)
{
    public const int Slots = 6;

    private readonly int[] _open = new int[Slots]; // The inode of each open file; 0: none.
    private int _nextId = 2;

    public ModelHistory History { get; } = new();

    public ModelState State => History.Current;

    /// <summary>Whether the operation means something now, and only one thing.</summary>
    public bool IsApplicable(ModelCommand command)
    {
        bool isOpen = _open[command.Slot] != 0;
        return command.Verb switch
        {
            ModelVerb.Create or ModelVerb.Open or ModelVerb.OpenTruncating => !isOpen && !IsKind(command.Path, ModelKind.SymbolicLink, ModelKind.Fifo, ModelKind.Directory),
            ModelVerb.OpenTemporary => !isOpen && IsKind(command.Path, ModelKind.Directory),
            ModelVerb.Close or ModelVerb.Read or ModelVerb.Write or ModelVerb.Append or ModelVerb.PunchHole or ModelVerb.ZeroRange
                or ModelVerb.ZeroRangeKeepSize or ModelVerb.Allocate or ModelVerb.AllocateKeepSize or ModelVerb.SeekData or ModelVerb.SeekHole
                or ModelVerb.Fsync => isOpen,
            ModelVerb.Copy => isOpen && _open[command.NewSlot] != 0
                && (_open[command.Slot] != _open[command.NewSlot] || Math.Abs(command.Offset - command.NewOffset) >= command.Length),
            ModelVerb.LinkOpen => isOpen && (State[_open[command.Slot]].Links > 0 || State[_open[command.Slot]].IsTemporary),
            ModelVerb.Truncate or ModelVerb.SetTimes => IsKind(command.Path, ModelKind.File),
            ModelVerb.FsyncDirectory => IsKind(command.Path, ModelKind.Directory),
            ModelVerb.ReadLink => IsKind(command.Path, ModelKind.SymbolicLink),
            ModelVerb.SetMode => !IsKind(command.Path, ModelKind.SymbolicLink),
            ModelVerb.SetXattr or ModelVerb.CreateXattr or ModelVerb.ReplaceXattr or ModelVerb.RemoveXattr or ModelVerb.GetXattr =>
                IsKind(command.Path, ModelKind.File, ModelKind.Directory),
            ModelVerb.Link => !IsKind(command.Path, ModelKind.Directory),
            ModelVerb.Rename or ModelVerb.Exchange => !IsAbove(command.NewPath, command.Path), // The kernel answers, and asks no file system.
            _ => true,
        };
    }

    /// <summary>Does an operation and says what it must answer.</summary>
    public ModelOutcome Run(ModelCommand command) => command.Verb switch
    {
        ModelVerb.Create or ModelVerb.MakeDirectory or ModelVerb.MakeFifo or ModelVerb.SymbolicLink => Make(command),
        ModelVerb.Open or ModelVerb.OpenTruncating => Open(command),
        ModelVerb.OpenTemporary => OpenTemporary(command),
        ModelVerb.Close => Close(command.Slot),
        ModelVerb.Read or ModelVerb.Write or ModelVerb.Append or ModelVerb.Truncate or ModelVerb.PunchHole or ModelVerb.ZeroRange
            or ModelVerb.ZeroRangeKeepSize or ModelVerb.Allocate or ModelVerb.AllocateKeepSize or ModelVerb.Copy => RunOnContent(command),
        ModelVerb.Fsync or ModelVerb.FsyncDirectory or ModelVerb.Sync => MakeDurable(command),
        ModelVerb.RemoveDirectory or ModelVerb.Unlink => Remove(command),
        ModelVerb.Link or ModelVerb.LinkOpen => Link(command),
        ModelVerb.Rename or ModelVerb.RenameNoReplace or ModelVerb.Exchange => Rename(command),
        _ => RunOnAttributes(command),
    };

    /// <summary>The daemon ended and came back: open files are closed.</summary>
    public void CloseAll()
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            if (_open[slot] != 0)
            {
                Close(slot);
            }
        }
    }

    /// <summary>The snapshots and what each shows, whatever happens since. A crash takes none away and brings none back.</summary>
    public SortedDictionary<string, ModelState> Snapshots { get; } = new(StringComparer.Ordinal);

    /// <summary>Takes or deletes a snapshot. One that is taken shows everything done so far, which is safe with it.</summary>
    public ModelOutcome RunOnSnapshot(ModelCommand command)
    {
        if (command.Verb == ModelVerb.DeleteSnapshot)
        {
            return Snapshots.Remove(command.SnapshotName) ? ModelOutcome.Done : new ModelOutcome(ModelErrno.NoEntry);
        }

        if (Snapshots.ContainsKey(command.SnapshotName))
        {
            return new ModelOutcome(ModelErrno.Exists);
        }

        PromiseAll();
        Snapshots.Add(command.SnapshotName, State);
        return ModelOutcome.Done;
    }

    /// <summary>Everything done so far is safe.</summary>
    public void PromiseAll() => History.Promise(AllApplied());

    /// <summary>Open files are gone with the process that had them, and the history tells what may be left.</summary>
    public void Crash(List<ObservedNode> observed)
    {
        Array.Clear(_open);
        History.Adopt(observed);
    }

    private ModelState AllApplied()
    {
        ModelState state = State;
        foreach ((int id, ModelNode node) in State.Nodes)
        {
            state = node.Versions.Count > 1 ? state.Set(id, node.Applied()) : state;
        }

        return state;
    }

    private bool IsKind(string path, params ReadOnlySpan<ModelKind> kinds)
    {
        int id = State.Find(path, out _);
        return id != 0 && kinds.Contains(State[id].Kind);
    }

    // Paths of directories are unique.
    private static bool IsAbove(string path, string other) => other.StartsWith(path + "/", StringComparison.Ordinal);

    private ModelOutcome MakeDurable(ModelCommand command)
    {
        ModelState state = command.Verb switch
        {
            ModelVerb.Sync => AllApplied(),
            ModelVerb.Fsync => State.Set(_open[command.Slot], State[_open[command.Slot]].Applied()),
            _ => State,
        };
        History.Promise(state);
        return ModelOutcome.Done;
    }

    private ModelOutcome Make(ModelCommand command)
    {
        if (!TryFindParent(command.Path, out int parent, out string name, out ModelErrno error))
        {
            return new ModelOutcome(error);
        }

        if (State[parent].Entries.ContainsKey(name))
        {
            return new ModelOutcome(ModelErrno.Exists);
        }

        (ModelKind kind, uint mode) = command.Verb switch
        {
            ModelVerb.MakeDirectory => (ModelKind.Directory, 0x1EDu),
            ModelVerb.MakeFifo => (ModelKind.Fifo, 0x1A4u),
            ModelVerb.SymbolicLink => (ModelKind.SymbolicLink, 0x1FFu),
            _ => (ModelKind.File, 0x1A4u),
        };
        var node = new ModelNode(kind, mode)
        {
            Links = kind == ModelKind.Directory ? 2 : 1,
            Target = kind == ModelKind.SymbolicLink ? "nowhere" + command.Value.ToString(CultureInfo.InvariantCulture) : string.Empty,
        };
        int id = _nextId++;
        ModelState state = State.Set(id, node);
        History.Add(AddEntry(state, parent, name, id));
        if (command.Verb == ModelVerb.Create)
        {
            _open[command.Slot] = id;
        }

        return ModelOutcome.Done;
    }

    private ModelOutcome Open(ModelCommand command)
    {
        int id = State.Find(command.Path, out ModelErrno error);
        if (error != ModelErrno.None)
        {
            return new ModelOutcome(error);
        }

        _open[command.Slot] = id;
        if (command.Verb == ModelVerb.OpenTruncating)
        {
            History.Add(State.Set(id, State[id].With(State[id].Content.Resize(0))));
        }

        return ModelOutcome.Done;
    }

    private ModelOutcome OpenTemporary(ModelCommand command)
    {
        int id = _nextId++;
        History.Add(State.Set(id, new ModelNode(ModelKind.File, 0x1A4) { Links = 0, IsTemporary = true }));
        _open[command.Slot] = id;
        return ModelOutcome.Done;
    }

    private ModelOutcome Close(int slot)
    {
        int id = _open[slot];
        _open[slot] = 0;
        if (State[id].Links == 0 && !_open.Contains(id))
        {
            History.Add(State.Without(id));
        }

        return ModelOutcome.Done;
    }

    private bool TryFindParent(string path, out int parent, out string name, out ModelErrno error)
    {
        int slash = path.LastIndexOf('/');
        name = path[(slash + 1)..];
        parent = State.Find(slash < 0 ? string.Empty : path[..slash], out error);
        if (parent != 0 && State[parent].Kind != ModelKind.Directory)
        {
            error = State[parent].Kind == ModelKind.SymbolicLink ? ModelErrno.NoEntry : ModelErrno.NotADirectory;
            parent = 0;
        }

        return parent != 0;
    }

    private static ModelState AddEntry(ModelState state, int parent, string name, int id)
    {
        ModelNode directory = state[parent];
        bool isDirectory = state[id].Kind == ModelKind.Directory;
        return state.Set(parent, directory with { Entries = directory.Entries.SetItem(name, id), Links = directory.Links + (isDirectory ? 1 : 0) });
    }

    private static ModelState RemoveEntry(ModelState state, int parent, string name)
    {
        ModelNode directory = state[parent];
        bool isDirectory = state[directory.Entries[name]].Kind == ModelKind.Directory;
        return state.Set(parent, directory with { Entries = directory.Entries.Remove(name), Links = directory.Links - (isDirectory ? 1 : 0) });
    }

    private static byte[] TextOf(string text) => Encoding.UTF8.GetBytes(text);
}
