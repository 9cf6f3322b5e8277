using System.Diagnostics;
using System.Text;
using System.Text.Json;
using HipaaFs.Testing.Model;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Model;

/// <summary>A mount of one run: a program does the operations, a crash kills the daemon and the program.</summary>
internal sealed class MountTarget : IModelTarget
{
    private readonly MountedVolume _volume;
    private Process _worker;

    private MountTarget(MountedVolume volume, Process worker)
    {
        _volume = volume;
        _worker = worker;
    }

    public bool MayFail => false;

    public bool HasPageCache => true;

    public static async Task<IModelTarget> OpenAsync(int seed)
    {
        MountedVolume volume = await MountedVolume.CreateAsync();
        return new MountTarget(volume, StartWorker(volume));
    }

    public async ValueTask<ModelOutcome> RunAsync(ModelCommand command)
    {
        switch (command.Verb)
        {
            case ModelVerb.Sync:
                (await _volume.RunAsync("sync", _volume.Root)).EnsureSucceeded();
                return ModelOutcome.Done;
            case ModelVerb.TakeSnapshot:
                return OutcomeOf(await _volume.RunAsync("snapshot", "create", _volume.Root, command.SnapshotName), ModelErrno.Exists);
            case ModelVerb.DeleteSnapshot:
                return OutcomeOf(await _volume.RunAsync("snapshot", "delete", _volume.Root, command.SnapshotName), ModelErrno.NoEntry);
            case ModelVerb.Remount:
                await StopWorkerAsync();
                await _volume.UnmountAsync();
                await _volume.MountAsync();
                _worker = StartWorker(_volume);
                return ModelOutcome.Done;
            case ModelVerb.Crash:
                await _volume.KillAsync();
                _worker.Kill(entireProcessTree: true);
                await StopWorkerAsync();
                await _volume.MountAsync();
                _worker = StartWorker(_volume);
                return ModelOutcome.Done;
            default:
                return await AskAsync(command);
        }
    }

    public async ValueTask<List<ObservedNode>> ObserveAsync() => await ObserveAsync(".");

    public async ValueTask<List<ObservedNode>?> ObserveSnapshotAsync(string name)
    {
        string path = Path.Combine(".snapshots", name);
        return Directory.Exists(Path.Combine(_volume.Root, path)) ? await ObserveAsync(path) : null;
    }

    private async Task<List<ObservedNode>> ObserveAsync(string path)
    {
        using JsonDocument answer = await ExchangeAsync(new { Verb = "Observe", Path = path });
        var nodes = new List<ObservedNode>();
        foreach (JsonElement found in answer.RootElement.GetProperty("Nodes").EnumerateArray())
        {
            var node = new ObservedNode(
                found.GetProperty("Path").GetString()!,
                found.GetProperty("Inode").GetUInt64(),
                Enum.Parse<ModelKind>(found.GetProperty("Kind").GetString()!),
                found.GetProperty("Mode").GetUInt32())
            {
                Owner = 1000, // What the run makes belongs to whoever runs the tests; nothing changes that.
                Group = 1000,
                Links = found.GetProperty("Links").GetInt32(),
                Target = found.GetProperty("Target").GetString()!,
                Content = found.GetProperty("Content").GetBytesFromBase64(),
                Modified = found.GetProperty("Modified").GetInt64(),
            };
            foreach (JsonProperty xattr in found.GetProperty("Xattrs").EnumerateObject())
            {
                node.Xattrs.Add(xattr.Name, xattr.Value.GetBytesFromBase64());
            }

            nodes.Add(node);
        }

        return nodes;
    }

    public async ValueTask FinishAsync()
    {
        await StopWorkerAsync();
        await _volume.UnmountAsync();
        ProcessOutcome check = await _volume.RunAsync("fsck", _volume.Volume);
        if (!check.Succeeded)
        {
            throw new ModelDivergenceException(check.Describe());
        }
    }

    // Asks the program for nothing: one that hangs is why the run failed, and that is what is to be told.
    public async ValueTask DisposeAsync()
    {
        if (!_worker.HasExited)
        {
            _worker.Kill(entireProcessTree: true);
        }

        await _volume.DisposeAsync();
        _worker.Dispose();
    }

    private static ModelOutcome OutcomeOf(ProcessOutcome command, ModelErrno refusal)
    {
        // 1: the name is taken; 8: there is none (docs/errors.md, "Exit codes").
        int refused = refusal == ModelErrno.Exists ? 1 : 8;
        return command.Succeeded ? ModelOutcome.Done
            : command.ExitCode == refused ? new ModelOutcome(refusal)
            : throw new ModelDivergenceException(command.Describe());
    }

    private async Task<ModelOutcome> AskAsync(ModelCommand command)
    {
        bool hasContent = command.Verb is ModelVerb.Write or ModelVerb.Append or ModelVerb.SetXattr or ModelVerb.CreateXattr or ModelVerb.ReplaceXattr;
        using JsonDocument answer = await ExchangeAsync(new
        {
            Verb = command.Verb.ToString(),
            command.Path,
            command.NewPath,
            command.Slot,
            command.NewSlot,
            command.Offset,
            command.NewOffset,
            command.Length,
            command.Value,
            Xattr = command.XattrName,
            Content = hasContent ? command.Content() : [],
        });
        var error = (ModelErrno)answer.RootElement.GetProperty("Error").GetInt32();
        byte[] bytes = answer.RootElement.GetProperty("Bytes").GetBytesFromBase64();
        bool hasBytes = command.Verb is ModelVerb.Read or ModelVerb.ReadLink or ModelVerb.GetXattr && error == ModelErrno.None;
        return new ModelOutcome(error, answer.RootElement.GetProperty("Value").GetInt64(), hasBytes ? bytes : null);
    }

    private async Task<JsonDocument> ExchangeAsync<T>(T request)
    {
        await _worker.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request));
        await _worker.StandardInput.FlushAsync();
        string? line = await _worker.StandardOutput.ReadLineAsync().WaitAsync(ChildProcess.LongTimeout);
        return line is null
            ? throw new ModelDivergenceException("the program on the mount ended: " + await _worker.StandardError.ReadToEndAsync() + _volume.LogTail)
            : JsonDocument.Parse(line);
    }

    private async Task StopWorkerAsync()
    {
        if (_worker.HasExited)
        {
            return;
        }

        _worker.StandardInput.Close();
        Assert.True(await ChildProcess.WaitAsync(_worker, ChildProcess.LongTimeout), "the program on the mount hangs");
    }

    private static Process StartWorker(MountedVolume volume)
    {
        var start = new ProcessStartInfo(Shell.Python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.ArgumentList.Add(Path.Combine(PosixCase.Scripts, "model_worker.py"));
        start.ArgumentList.Add(volume.Root);
        return Process.Start(start)!;
    }
}
