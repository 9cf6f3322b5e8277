using System.Globalization;
using HipaaFs.Cli.Output;
using Microsoft.AspNetCore.Http;

namespace HipaaFs.Cli.Control;

// Names come in the query, which is never logged.
internal sealed partial class ControlServer
{
    private async Task ListSnapshotsAsync(HttpContext http) => await SendAsync(
        http, JsonEnvelope.Result(await _target.ListSnapshotsAsync(http.RequestAborted), JsonOutput.Default.IReadOnlyListSnapshotLine));

    private async Task CreateSnapshotAsync(HttpContext http) => await SendAsync(
        http, JsonEnvelope.Result(await _target.CreateSnapshotAsync(Query(http, "name"), http.RequestAborted), JsonOutput.Default.SnapshotLine));

    private async Task DeleteSnapshotAsync(HttpContext http) => await SendAsync(
        http,
        JsonEnvelope.Result(await _target.DeleteSnapshotAsync(Required(http, "name"), http.RequestAborted), JsonOutput.Default.SnapshotLine));

    private async Task CompareSnapshotsAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        var answer = new ListAnswer<DifferenceLine>(http.Response.BodyWriter, JsonOutput.Default.DifferenceLine);
        CommandException? failed = null;
        try
        {
            await _target.CompareSnapshotsAsync(Required(http, "from"), Query(http, "to"), answer.AddAsync, http.RequestAborted);
        }
        catch (CommandException failure) when (answer.HasBegun)
        {
            failed = failure;
        }

        await answer.EndAsync(failed, http.RequestAborted);
    }

    private async Task ListTrashAsync(HttpContext http)
    {
        int limit = int.TryParse(Query(http, "limit"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : int.MaxValue;
        LostVersionList found = await _target.ListTrashAsync(Query(http, "path") ?? "/", limit, http.RequestAborted);
        await SendAsync(http, JsonEnvelope.Result(found, JsonOutput.Default.LostVersionList));
    }

    private static string? Query(HttpContext http, string key) => http.Request.Query[key] is [{ } value, ..] ? value : null;

    private static string Required(HttpContext http, string key) => Query(http, key)
        ?? throw new CommandException(ExitCode.Usage, $"answer {http.Request.Path}: {key}= is missing", "Say which one is meant.");
}
