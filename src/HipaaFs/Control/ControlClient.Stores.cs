using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;

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
}
