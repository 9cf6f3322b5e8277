namespace HipaaFs.Testing.Model;

/// <content>Links, removal, renames.</content>
public sealed partial class ModelFileSystem
{
    private ModelOutcome Link(ModelCommand command)
    {
        ModelErrno error = ModelErrno.None;
        int id = command.Verb == ModelVerb.LinkOpen ? _open[command.Slot] : State.Find(command.Path, out error);
        if (id == 0 || !TryFindParent(command.NewPath, out int parent, out string name, out error))
        {
            return new ModelOutcome(error);
        }

        if (State[parent].Entries.ContainsKey(name))
        {
            return new ModelOutcome(ModelErrno.Exists);
        }

        ModelNode node = AppliedForName(State[id]);
        ModelState state = State.Set(id, node with { Links = node.Links + 1, IsTemporary = false });
        History.Add(AddEntry(state, parent, name, id));
        return ModelOutcome.Done;
    }

    private ModelOutcome Remove(ModelCommand command)
    {
        if (!TryFindParent(command.Path, out int parent, out string name, out ModelErrno error))
        {
            return new ModelOutcome(error);
        }

        if (!State[parent].Entries.TryGetValue(name, out int id))
        {
            return new ModelOutcome(ModelErrno.NoEntry);
        }

        error = WhyNotRemoved(State[id], directory: command.Verb == ModelVerb.RemoveDirectory);
        if (error == ModelErrno.None)
        {
            History.Add(LoseName(RemoveEntry(State, parent, name), id));
        }

        return new ModelOutcome(error);
    }

    private static ModelErrno WhyNotRemoved(ModelNode node, bool directory)
    {
        if ((node.Kind == ModelKind.Directory) != directory)
        {
            return directory ? ModelErrno.NotADirectory : ModelErrno.IsADirectory;
        }

        return directory && !node.Entries.IsEmpty ? ModelErrno.NotEmpty : ModelErrno.None;
    }

    private ModelState LoseName(ModelState state, int id)
    {
        ModelNode node = state[id];
        node = node with { Links = node.Kind == ModelKind.Directory ? 0 : node.Links - 1 };
        return node.Links > 0 || _open.Contains(id) ? state.Set(id, node) : state.Without(id);
    }

    private ModelOutcome Rename(ModelCommand command)
    {
        if (!TryFindParent(command.Path, out int parent, out string name, out ModelErrno error)
            || !TryFindParent(command.NewPath, out int newParent, out string newName, out error))
        {
            return new ModelOutcome(error);
        }

        if (!State[parent].Entries.TryGetValue(name, out int source))
        {
            return new ModelOutcome(ModelErrno.NoEntry);
        }

        bool replaces = State[newParent].Entries.TryGetValue(newName, out int target);
        error = WhyNotRenamed(command, source, newParent, replaces ? target : 0, parent);
        if (error != ModelErrno.None || source == target)
        {
            return new ModelOutcome(error);
        }

        bool exchange = command.Verb == ModelVerb.Exchange;
        ModelState state = RemoveEntry(State, parent, name);
        state = replaces ? RemoveEntry(state, newParent, newName) : state;
        state = AddEntry(state, newParent, newName, source);
        state = exchange ? AddEntry(state, parent, name, target) : state;
        state = replaces && !exchange ? LoseName(state, target) : state;
        state = state.Set(source, AppliedForName(state[source]));
        state = exchange ? state.Set(target, AppliedForName(state[target])) : state;
        History.Add(state);
        return ModelOutcome.Done;
    }

    // In the order of the kernel's checks.
    private ModelErrno WhyNotRenamed(ModelCommand command, int source, int newParent, int target, int parent)
    {
        if (target != 0 && command.Verb == ModelVerb.RenameNoReplace)
        {
            return ModelErrno.Exists;
        }

        bool exchange = command.Verb == ModelVerb.Exchange;
        if (target == 0 && exchange)
        {
            return ModelErrno.NoEntry;
        }

        if (IsWithin(source, newParent))
        {
            return ModelErrno.Invalid;
        }

        if (target != 0 && IsWithin(target, parent))
        {
            return exchange ? ModelErrno.Invalid : ModelErrno.NotEmpty;
        }

        return target == 0 || exchange || source == target
            ? ModelErrno.None
            : WhyNotRemoved(State[target], State[source].Kind == ModelKind.Directory);
    }

    private bool IsWithin(int directory, int id)
    {
        if (directory == id)
        {
            return true;
        }

        foreach (int child in State[directory].Entries.Values)
        {
            if (State[child].Kind == ModelKind.Directory && IsWithin(child, id))
            {
                return true;
            }
        }

        return false;
    }

    private ModelNode AppliedForName(ModelNode node) => hasPageCache ? node : node.Applied();
}
