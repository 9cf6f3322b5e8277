using System.Text;

namespace HipaaFs.Testing.Model;

/// <summary>Does a list of operations to a target and to the model and stops where they differ.</summary>
public sealed class ModelRun(IModelTarget target)
{
    private readonly ModelFileSystem _model = new(target.HasPageCache);

    private readonly List<ModelCommand> _done = []; // Those that meant nothing are not in it.

    /// <summary>Does them all.</summary>
    /// <exception cref="ModelDivergenceException">Target and model differ.</exception>
    public async Task RunAsync(IReadOnlyList<ModelCommand> commands)
    {
        for (int i = 0; i < commands.Count; i++)
        {
            try
            {
                await StepAsync(commands[i]);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                throw new ModelDivergenceException($"operation {i}, {commands[i]}: {exception.Message}", exception) { Done = _done };
            }
        }

        try
        {
            await EndAsync();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new ModelDivergenceException($"at the end: {exception.Message}", exception) { Done = _done };
        }
    }

    private async Task EndAsync()
    {
        _model.CloseAll();
        await target.RunAsync(new ModelCommand(ModelVerb.Remount));
        await CompareAsync();
        await target.FinishAsync();
    }

    private async Task StepAsync(ModelCommand command)
    {
        if (command.Verb >= ModelVerb.Compare)
        {
            _done.Add(command);
            await HappenAsync(command);
            return;
        }

        if (!_model.IsApplicable(command))
        {
            return;
        }

        _done.Add(command);
        ModelOutcome found = await target.RunAsync(command);
        if (found.IsFault && target.MayFail)
        {
            ExpectFault(command);
            return;
        }

        if (command.Verb is ModelVerb.SeekData or ModelVerb.SeekHole)
        {
            Require(_model.AllowsSeek(command, found), $"found {found}");
            return;
        }

        ModelOutcome expected = _model.Run(command);
        Require(expected.Matches(found), $"expected {expected}, found {found}");
    }

    // What failed for the sake of a disk or a store has not happened, but what is closed is closed.
    private void ExpectFault(ModelCommand command)
    {
        Require(command.Verb is not (ModelVerb.Write or ModelVerb.Append or ModelVerb.Stat), "failed, and needs neither disk nor store");
        if (command.Verb == ModelVerb.Close)
        {
            _model.Run(command);
        }
    }

    private async Task HappenAsync(ModelCommand command)
    {
        if (command.Verb is ModelVerb.TakeSnapshot or ModelVerb.DeleteSnapshot)
        {
            await RunOnSnapshotAsync(command);
            return;
        }

        if (command.Verb == ModelVerb.CompareSnapshot)
        {
            await CompareSnapshotAsync(command.SnapshotName);
            return;
        }

        ModelOutcome outcome = command.Verb == ModelVerb.Compare ? ModelOutcome.Done : await target.RunAsync(command);
        Require(outcome.Error == ModelErrno.None, $"answered {outcome}");
        switch (command.Verb)
        {
            case ModelVerb.Crash:
                _model.Crash(await target.ObserveAsync());
                break;
            case ModelVerb.Remount:
                _model.CloseAll();
                _model.PromiseAll();
                await CompareAsync();
                break;
            case ModelVerb.Drain or ModelVerb.Restore:
                _model.PromiseAll();
                break;
            case ModelVerb.Compare:
                await CompareAsync();
                break;
            default:
                break;
        }
    }

    private async Task RunOnSnapshotAsync(ModelCommand command)
    {
        ModelOutcome outcome = await target.RunAsync(command);
        if (outcome.IsFault && target.MayFail)
        {
            // Nothing has happened: what was not there is not there, and what was there is as it was.
            await CompareSnapshotAsync(command.SnapshotName);
            return;
        }

        ModelOutcome expected = _model.RunOnSnapshot(command);
        Require(expected.Matches(outcome), $"expected {expected}, found {outcome}");
    }

    private async Task CompareSnapshotAsync(string name)
    {
        List<ObservedNode>? observed = await target.ObserveSnapshotAsync(name);
        bool isThere = _model.Snapshots.TryGetValue(name, out ModelState? state);
        Require(isThere == (observed is not null), $"snapshot {name} is {(isThere ? "gone" : "there")}");
        if (isThere)
        {
            Compare(state!, observed!, $"snapshot {name}: ");
        }
    }

    private async Task CompareAsync()
    {
        Compare(_model.State, await target.ObserveAsync(), string.Empty);
        foreach (string name in _model.Snapshots.Keys)
        {
            await CompareSnapshotAsync(name);
        }
    }

    private void Compare(ModelState state, List<ObservedNode> observed, string what)
    {
        List<string> expected = state.Describe();
        List<string> found = ModelState.Describe(observed);
        Require(expected.SequenceEqual(found, StringComparer.Ordinal), what + Difference(expected, found));
        List<(string Path, int Id)> paths = state.Paths();
        for (int i = 0; i < paths.Count; i++)
        {
            ModelNode node = state[paths[i].Id];
            if (node.Kind == ModelKind.File && !(target.MayFail && observed[i].ReadError != ModelErrno.None))
            {
                CompareContent(what + paths[i].Path, node.Content, observed[i]);
            }
        }
    }

    private static void CompareContent(string path, ModelContent content, ObservedNode observed)
    {
        Require(observed.ReadError == ModelErrno.None, $"{path} cannot be read: {observed.ReadError}");
        int common = content.Bytes.AsSpan().CommonPrefixLength(observed.Content);
        Require(
            common == content.Bytes.Length && common == observed.Content.Length,
            $"{path} differs at {common}; {observed.Content.Length} bytes, expected {content.Bytes.Length}");
        Require(content.Modified is null || content.Modified == observed.Modified, $"{path} was modified at {observed.Modified}, not at {content.Modified}");
    }

    private static string Difference(List<string> expected, List<string> found)
    {
        var text = new StringBuilder("names and attributes differ");
        foreach (string line in expected.Except(found, StringComparer.Ordinal))
        {
            text.Append("\nexpected: ").Append(line);
        }

        foreach (string line in found.Except(expected, StringComparer.Ordinal))
        {
            text.Append("\nfound:    ").Append(line);
        }

        return text.ToString();
    }

    private static void Require(bool condition, string why)
    {
        if (!condition)
        {
            throw new ModelDivergenceException(why);
        }
    }
}
