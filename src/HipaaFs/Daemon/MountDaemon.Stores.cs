using HipaaFs.Cli.Control;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Cli.Volumes;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Shipping;
using HipaaFs.Storage;
using HipaaFs.Transitions;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Daemon;

// Where the data of what is mounted goes.
internal sealed partial class MountDaemon
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<StoreReport>> ListStoresAsync(CancellationToken cancel) =>
        PlaceAsync($"show the stores of {_plan.MountPoint}", () => StoreReporting.DescribeAsync(_volume, _context.Time, cancel), cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<QuotaReport>> ListQuotasAsync(CancellationToken cancel) => Task.FromResult(QuotaReporting.Describe(_volume));

    /// <inheritdoc/>
    public Task<PolicyPlan> UsePolicyAsync(ReadOnlyMemory<byte> text, string file, bool applies, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"{(applies ? "apply" : "plan")} a policy on {_plan.MountPoint}";
        if (applies)
        {
            RefuseReadOnly(action);
        }

        LoadedPolicy policy = PolicyFile.Parse(text.Span, file, DateOnly.FromDateTime(_context.Time.GetUtcNow().UtcDateTime));
        return PlaceAsync(
            action,
            () => applies ? _application.ApplyAsync(policy, text, progress, cancel) : _application.PlanAsync(policy, text, progress, cancel),
            cancel);
    }

    /// <inheritdoc/>
    public async Task<StoreVerification> VerifyStoreAsync(
        string name, long bytesPerSecond, bool repairs, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"{(repairs ? "repair" : "verify")} the store {name}";
        RefuseReadOnly(action);
        StoreReport store = await PlaceAsync(action, () => _administration.FindAsync(name, cancel), cancel);
        var options = new ScrubOptions { Store = store.Number, BytesPerSecond = bytesPerSecond, PresenceOnly = repairs };
        ScrubResult found = await ScrubAsync(options, progress, cancel);
        return new StoreVerification(await PlaceAsync(action, () => repairs ? _administration.FillAsync(name, waits, progress, cancel) : _administration.FindAsync(name, cancel), cancel), found);
    }

    /// <inheritdoc/>
    public Task<StoreChange> EmptyStoreAsync(string name, string? target, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = target is null ? $"drain the store {name}" : $"migrate the store {name} to {target}";
        RefuseReadOnly(action);
        return PlaceAsync(action, () => _administration.EmptyAsync(name, target, waits, progress, cancel), cancel);
    }

    /// <inheritdoc/>
    public Task<StoreShipment> ShipAsync(string from, string to, string? directory, string word, ShipmentStep step, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"ship from {from} to {to}";
        RefuseReadOnly(action);
        var shipping = new StoreShipping(_volume, _administration);
        return word switch
        {
            "out" when directory is not null => PlaceAsync(action, () => shipping.WriteAsync(from, to, directory, step, progress, cancel), cancel),
            "in" when directory is not null => PlaceAsync(action, () => shipping.TakeAsync(from, to, directory, progress, cancel), cancel),
            "received" => PlaceAsync(action, () => shipping.TakeAsync(from, to, null, progress, cancel), cancel),
            _ => throw new CommandException(ExitCode.Usage, $"{action}: there is no step {word} without a directory", "Give --out or --in with --via DIR, or --received."),
        };
    }

    /// <inheritdoc/>
    public Task<ResidencyReport> ReportResidencyAsync(Action<ProgressUpdate> progress, CancellationToken cancel) => PlaceAsync(
        $"report where the data of {_plan.MountPoint} is",
        () => new ResidencyAudit(_volume, Region).RunAsync(DateOnly.FromDateTime(_context.Time.GetUtcNow().UtcDateTime), progress, cancel),
        cancel);

    /// <inheritdoc/>
    public Task<CostReport> ReportCostAsync(Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"report what {_plan.MountPoint} costs";
        RefuseReadOnly(action);
        return PlaceAsync(action, () => CostReporting.RunAsync(_volume, DateOnly.FromDateTime(_context.Time.GetUtcNow().UtcDateTime), progress, cancel), cancel);
    }

    /// <inheritdoc/>
    public Task<TransitionReport> TransitionAsync(DateTimeOffset asOf, bool countsOnly, CancellationToken cancel)
    {
        string action = "have files go to their next tier";
        RefuseReadOnly(action);
        return PlaceAsync(
            action,
            async () =>
            {
                IReadOnlyList<TransitionCount> counts = await _volume.TransitionAsync(asOf, countsOnly, cancel);
                return await TransitionReporting.DescribeAsync(_volume, asOf, !countsOnly, counts, cancel);
            },
            cancel);
    }

    /// <inheritdoc/>
    public Task<StoreRemoval> RemoveStoreAsync(string name, CancellationToken cancel)
    {
        string action = $"remove the store {name}";
        RefuseReadOnly(action);
        return PlaceAsync(action, () => _administration.RemoveAsync(name, cancel), cancel);
    }

    /// <inheritdoc/>
    public Task<StoreForgotten> ForgetStoreAsync(string name, bool isConfirmed, CancellationToken cancel)
    {
        string action = $"forget the store {name}";
        RefuseReadOnly(action);
        return PlaceAsync(action, () => _administration.ForgetAsync(name, isConfirmed, cancel), cancel);
    }

    /// <inheritdoc/>
    public Task<RecallReport> RecallAsync(IReadOnlyCollection<InodeId> files, RestoreRequest request, bool asks, CancellationToken cancel)
    {
        string action = $"recall files of {_plan.MountPoint}";
        RefuseReadOnly(action);
        return PlaceAsync(action, () => _recalls.RunAsync(files, request, asks, cancel), cancel);
    }

    private void RefuseReadOnly(string action)
    {
        if (_plan.Options.ReadOnly || _volume.GetStatus().IsReadOnly)
        {
            throw new CommandException(ExitCode.Refused, $"{action}: the mount is read-only", "Run it on the mount that writes.");
        }
    }

    // What core code throws becomes what a command shows.
    private static async Task<T> PlaceAsync<T>(string action, Func<Task<T>> work, CancellationToken cancel)
    {
        try
        {
            return await AskAsync(action, work(), cancel);
        }
        catch (VolumeException failure)
        {
            throw VolumeFailures.ToCommand(failure);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"{action}: {error.Message}", "The log says what the disk did.", error);
        }
        catch (ObjectDisposedException error)
        {
            throw new CommandException(ExitCode.Incomplete, $"{action}: the volume was unmounted meanwhile", "Mount it and run the command again: it goes on from there.", error);
        }
        catch (InvalidOperationException error)
        {
            throw new CommandException(ExitCode.Refused, $"{action}: {error.Message}", "Run it on the mount that writes; 'hipaafs status' names a newer session.", error);
        }
    }
}
