using System.Globalization;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Placements;
using HipaaFs.Shipping;

namespace HipaaFs.Cli.Control;

// Requests about where data goes.
internal sealed partial class ControlClient
{
    /// <summary>The stores: what each has and lacks.</summary>
    public Task<IReadOnlyList<StoreReport>> ListStoresAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, "v1/stores", JsonOutput.Default.IReadOnlyListStoreReport, null, cancel);

    /// <summary>The quotas, and what is used of them.</summary>
    public Task<IReadOnlyList<QuotaReport>> ListQuotasAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, "v1/quotas", JsonOutput.Default.IReadOnlyListQuotaReport, null, cancel);

    /// <summary>What a policy would change; with <paramref name="applies"/> changes it.</summary>
    /// <param name="text">The policy.</param>
    /// <param name="file">Its file, for messages.</param>
    /// <param name="applies">Whether it is done.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    public Task<PolicyPlan> UsePolicyAsync(ReadOnlyMemory<byte> text, string file, bool applies, Action<ProgressUpdate> progress, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        $"v1/policy/{(applies ? "apply" : "plan")}?file={Escape(file)}",
        new ReadOnlyMemoryContent(text),
        JsonOutput.Default.PolicyPlan,
        progress,
        cancel);

    /// <summary>Reads what one store has and makes again what is bad.</summary>
    public Task<StoreVerification> VerifyStoreAsync(string name, long bytesPerSecond, Action<ProgressUpdate> progress, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        string.Create(CultureInfo.InvariantCulture, $"v1/stores/verify?name={Escape(name)}&bandwidth={bytesPerSecond}"),
        JsonOutput.Default.StoreVerification,
        progress,
        cancel);

    /// <summary>Asks a store for each segment that it should have, and has it get what it lacks.</summary>
    public Task<StoreVerification> RepairStoreAsync(string name, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel) => SendAsync(
        HttpMethod.Post, $"v1/stores/repair?name={Escape(name)}{(waits ? "&wait=true" : "")}", JsonOutput.Default.StoreVerification, progress, cancel);

    /// <summary>Has a store emptied: its replicas, or <paramref name="target"/>, take its place.</summary>
    public Task<StoreChange> EmptyStoreAsync(string name, string? target, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        $"v1/stores/empty?name={Escape(name)}{(target is null ? "" : $"&target={Escape(target)}")}{(waits ? "&wait=true" : "")}",
        JsonOutput.Default.StoreChange,
        progress,
        cancel);

    /// <summary>Has a store take the place of another, with disks that are shipped for most of the data: one step of that, <paramref name="word"/> being out, in or received.</summary>
    public Task<StoreShipment> ShipAsync(
        string from, string to, string? directory, string word, ShipmentStep step, Action<ProgressUpdate> progress, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        $"v1/stores/ship?from={Escape(from)}&to={Escape(to)}&step={word}{(directory is null ? "" : $"&directory={Escape(directory)}")}{(step.CountsOnly ? "&count=true" : "")}{(step.StartsAnew ? "&anew=true" : "")}",
        JsonOutput.Default.StoreShipment,
        progress,
        cancel);

    /// <summary>Counts the files that are old enough at a moment for another tier, and unless <paramref name="countsOnly"/> has them go there.</summary>
    public Task<TransitionReport> TransitionAsync(DateTimeOffset asOf, bool countsOnly, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        $"v1/transitions?asof={Escape(asOf.ToString("O", CultureInfo.InvariantCulture))}{(countsOnly ? "&count=true" : "")}",
        JsonOutput.Default.TransitionReport,
        null,
        cancel);

    /// <summary>What stores and directories cost.</summary>
    public Task<CostReport> ReportCostAsync(Action<ProgressUpdate> progress, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "v1/cost", JsonOutput.Default.CostReport, progress, cancel);

    /// <summary>Where the data of each directory of the policy is.</summary>
    public Task<ResidencyReport> ReportResidencyAsync(Action<ProgressUpdate> progress, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "v1/residency", JsonOutput.Default.ResidencyReport, progress, cancel);

    /// <summary>Takes a store away that nothing is in and no placement names.</summary>
    public Task<StoreRemoval> RemoveStoreAsync(string name, CancellationToken cancel) =>
        SendAsync(HttpMethod.Delete, $"v1/stores?name={Escape(name)}", JsonOutput.Default.StoreRemoval, null, cancel);

    /// <summary>Takes a store away that does not come back; unless <paramref name="isConfirmed"/> refuses, and says what would be lost.</summary>
    public Task<StoreForgotten> ForgetStoreAsync(string name, bool isConfirmed, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, $"v1/stores/forget?name={Escape(name)}{(isConfirmed ? "&yes=true" : "")}", JsonOutput.Default.StoreForgotten, null, cancel);
}
