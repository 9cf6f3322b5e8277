using System.Globalization;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Shipping;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace HipaaFs.Cli.Control;

// Where data goes.
internal sealed partial class ControlServer
{
    private async Task ListStoresAsync(HttpContext http) => await SendAsync(
        http, JsonEnvelope.Result(await _target.ListStoresAsync(http.RequestAborted), JsonOutput.Default.IReadOnlyListStoreReport));

    private async Task ListQuotasAsync(HttpContext http) => await SendAsync(
        http, JsonEnvelope.Result(await _target.ListQuotasAsync(http.RequestAborted), JsonOutput.Default.IReadOnlyListQuotaReport));

    private async Task UsePolicyAsync(HttpContext http, bool applies)
    {
        // The one request with a long body.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = PolicyFile.MostBytes;
        }

        using var text = new MemoryStream();
        await http.Request.Body.CopyToAsync(text, http.RequestAborted);
        ReadOnlyMemory<byte> content = text.GetBuffer().AsMemory(0, (int)text.Length);
        using var oneAtATime = new SemaphoreSlim(1);
        PolicyPlan plan = await _target.UsePolicyAsync(
            content, Query(http, "file") ?? "policy.yaml", applies, update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(plan, JsonOutput.Default.PolicyPlan));
    }

    private async Task VerifyStoreAsync(HttpContext http, bool repairs)
    {
        long rate = long.TryParse(Query(http, "bandwidth"), NumberStyles.None, CultureInfo.InvariantCulture, out long asked) ? asked : 0;
        using var oneAtATime = new SemaphoreSlim(1);
        StoreVerification found = await _target.VerifyStoreAsync(
            Required(http, "name"), rate, repairs, Query(http, "wait") == "true", update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(found, JsonOutput.Default.StoreVerification));
    }

    private async Task EmptyStoreAsync(HttpContext http)
    {
        using var oneAtATime = new SemaphoreSlim(1);
        StoreChange change = await _target.EmptyStoreAsync(
            Required(http, "name"), Query(http, "target"), Query(http, "wait") == "true", update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(change, JsonOutput.Default.StoreChange));
    }

    private async Task ShipAsync(HttpContext http)
    {
        using var oneAtATime = new SemaphoreSlim(1);
        StoreShipment shipment = await _target.ShipAsync(
            Required(http, "from"),
            Required(http, "to"),
            Query(http, "directory"),
            Required(http, "step"),
            new ShipmentStep(CountsOnly: Query(http, "count") == "true", StartsAnew: Query(http, "anew") == "true"),
            update => Report(http, update, oneAtATime),
            http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(shipment, JsonOutput.Default.StoreShipment));
    }

    private async Task ReportCostAsync(HttpContext http)
    {
        using var oneAtATime = new SemaphoreSlim(1);
        CostReport report = await _target.ReportCostAsync(update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(report, JsonOutput.Default.CostReport));
    }

    private async Task TransitionAsync(HttpContext http)
    {
        DateTimeOffset asOf = DateTimeOffset.Parse(Required(http, "asof"), CultureInfo.InvariantCulture);
        await SendAsync(http, JsonEnvelope.Result(await _target.TransitionAsync(asOf, Query(http, "count") == "true", http.RequestAborted), JsonOutput.Default.TransitionReport));
    }

    private async Task ReportResidencyAsync(HttpContext http)
    {
        using var oneAtATime = new SemaphoreSlim(1);
        ResidencyReport report = await _target.ReportResidencyAsync(update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(report, JsonOutput.Default.ResidencyReport));
    }

    private async Task ForgetStoreAsync(HttpContext http) => await SendAsync(
        http,
        JsonEnvelope.Result(await _target.ForgetStoreAsync(Required(http, "name"), Query(http, "yes") == "true", http.RequestAborted), JsonOutput.Default.StoreForgotten));

    private async Task RemoveStoreAsync(HttpContext http) => await SendAsync(
        http, JsonEnvelope.Result(await _target.RemoveStoreAsync(Required(http, "name"), http.RequestAborted), JsonOutput.Default.StoreRemoval));
}
