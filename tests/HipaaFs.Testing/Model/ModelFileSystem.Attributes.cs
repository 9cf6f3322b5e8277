namespace HipaaFs.Testing.Model;

/// <content>Attributes, extended ones too.</content>
public sealed partial class ModelFileSystem
{
    private ModelOutcome RunOnAttributes(ModelCommand command)
    {
        int id = State.Find(command.Path, out ModelErrno error);
        if (error != ModelErrno.None)
        {
            return new ModelOutcome(error);
        }

        ModelNode node = State[id];
        switch (command.Verb)
        {
            case ModelVerb.Stat:
                return new ModelOutcome(ModelErrno.None, node.Kind == ModelKind.File ? node.Content.Bytes.Length : 0);
            case ModelVerb.ReadLink:
                return new ModelOutcome(ModelErrno.None, 0, TextOf(node.Target));
            case ModelVerb.SetMode:
                History.Add(State.Set(id, node with { Mode = (uint)command.Value & 0xFFF }));
                return ModelOutcome.Done;
            case ModelVerb.SetOwner:
                History.Add(State.Set(id, node with { Owner = (uint)command.Value & 0xFF, Group = (uint)command.Length & 0xFF, Mode = WithoutPrivileges(node) }));
                return ModelOutcome.Done;
            case ModelVerb.SetTimes:
                History.Add(State.Set(id, node.With(node.Content with { Modified = command.Value })));
                return ModelOutcome.Done;
            case ModelVerb.GetXattr:
                return node.Xattrs.TryGetValue(command.XattrName, out byte[]? value)
                    ? new ModelOutcome(ModelErrno.None, 0, value)
                    : new ModelOutcome(ModelErrno.NoAttribute);
            default:
                return ChangeXattr(command, id, node);
        }
    }

    private ModelOutcome ChangeXattr(ModelCommand command, int id, ModelNode node)
    {
        bool exists = node.Xattrs.ContainsKey(command.XattrName);
        if (exists && command.Verb == ModelVerb.CreateXattr)
        {
            return new ModelOutcome(ModelErrno.Exists);
        }

        if (!exists && command.Verb is (ModelVerb.ReplaceXattr or ModelVerb.RemoveXattr))
        {
            return new ModelOutcome(ModelErrno.NoAttribute);
        }

        History.Add(State.Set(id, node with
        {
            Xattrs = command.Verb == ModelVerb.RemoveXattr ? node.Xattrs.Remove(command.XattrName) : node.Xattrs.SetItem(command.XattrName, command.Content()),
        }));
        return ModelOutcome.Done;
    }

    // chown(2): set-uid goes, and set-gid where the group may execute; a directory keeps both.
    private static uint WithoutPrivileges(ModelNode node)
    {
        if (node.Kind == ModelKind.Directory)
        {
            return node.Mode;
        }

        uint mode = node.Mode & ~0x800u;
        return (mode & 0x8) != 0 ? mode & ~0x400u : mode;
    }
}
