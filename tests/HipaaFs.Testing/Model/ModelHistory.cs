namespace HipaaFs.Testing.Model;

/// <summary>The states that a crash may leave: one for each operation since the last promise.</summary>
public sealed class ModelHistory
{
    private readonly List<ModelState> _states = [ModelState.Empty];

    public ModelState Current => _states[^1];

    public int Count => _states.Count;

    /// <summary>An operation was done; a crash may take it back.</summary>
    public void Add(ModelState state)
    {
        if (!ReferenceEquals(state, Current))
        {
            _states.Add(state);
        }
    }

    /// <summary>Everything up to this state stays, whatever happens.</summary>
    public void Promise(ModelState state)
    {
        _states.Clear();
        _states.Add(state);
    }

    /// <summary>Finds what a crash left among what it may have left, and goes on from there.</summary>
    public void Adopt(List<ObservedNode> observed)
    {
        List<string> lines = ModelState.Describe(observed);
        var reasons = new List<string>(); // Of the newest state that has each.
        for (int i = _states.Count - 1; i >= 0; i--)
        {
            List<string> expected = _states[i].Describe();
            if (expected.SequenceEqual(lines, StringComparer.Ordinal))
            {
                string? wrong = WrongContent(_states[i], observed);
                if (wrong is null)
                {
                    Promise(Taken(_states[i], observed));
                    return;
                }

                if (!reasons.Exists(reason => reason.EndsWith(wrong, StringComparison.Ordinal)))
                {
                    reasons.Add($"not state {i}, where {wrong}");
                }
            }
        }

        throw new ModelDivergenceException(
            $"after the crash, {_states.Count} states after the last promise: {(reasons.Count > 0 ? string.Join("\n          ", reasons) : "none has these names and attributes")}\npromised: {string.Join("\n          ", _states[0].Describe().Except(lines))}\nlast:     {string.Join("\n          ", Current.Describe().Except(lines))}\nfound:    {string.Join("\n          ", lines.Except(Current.Describe()))}");
    }

    private static string? WrongContent(ModelState state, List<ObservedNode> observed)
    {
        List<(string Path, int Id)> paths = state.Paths();
        for (int i = 0; i < paths.Count; i++)
        {
            ModelNode node = state[paths[i].Id];
            if (node.Kind != ModelKind.File)
            {
                continue;
            }

            if (observed[i].ReadError != ModelErrno.None)
            {
                return $"{paths[i].Path} cannot be read: {observed[i].ReadError}";
            }

            if (node.WhyNeverHeld(observed[i].Content) is { } why)
            {
                return $"{paths[i].Path} has {why}; its lengths were {string.Join(", ", node.Versions.Select(static version => version.Bytes.Length))}";
            }

            if (node.Versions is [{ Modified: { } modified }] && observed[i].Modified != modified)
            {
                return $"{paths[i].Path} was modified at {observed[i].Modified}, not at {modified}";
            }
        }

        return null;
    }

    // What had no name is gone, and of each file one content is left.
    private static ModelState Taken(ModelState state, List<ObservedNode> observed)
    {
        List<(string Path, int Id)> paths = state.Paths();
        ModelState taken = ModelState.Empty.Set(ModelState.Root, state[ModelState.Root]);
        for (int i = 0; i < paths.Count; i++)
        {
            ModelNode node = state[paths[i].Id];
            taken = taken.Set(paths[i].Id, node.Kind == ModelKind.File ? node.Applied(new ModelContent(observed[i].Content, Modified(node))) : node);
        }

        return taken;
    }

    private static long? Modified(ModelNode node) => node.Versions.Count == 1 ? node.Content.Modified : null;
}
