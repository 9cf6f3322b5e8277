using System.Globalization;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Control;

// Requests about snapshots.
internal sealed partial class ControlClient
{
    private const string Snapshots = "v1/snapshots";

    /// <summary>The snapshots, oldest first.</summary>
    public Task<IReadOnlyList<SnapshotLine>> ListSnapshotsAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, Snapshots, JsonOutput.Default.IReadOnlyListSnapshotLine, null, cancel);

    /// <summary>Takes a snapshot; without a name it is called by its time.</summary>
    public Task<SnapshotLine> CreateSnapshotAsync(string? name, CancellationToken cancel) => SendAsync(
        HttpMethod.Post, name is null ? Snapshots : $"{Snapshots}?name={Escape(name)}", JsonOutput.Default.SnapshotLine, null, cancel);

    /// <summary>Deletes a snapshot.</summary>
    public Task<SnapshotLine> DeleteSnapshotAsync(string name, CancellationToken cancel) =>
        SendAsync(HttpMethod.Delete, $"{Snapshots}?name={Escape(name)}", JsonOutput.Default.SnapshotLine, null, cancel);

    /// <summary>Tells what differs between a snapshot and a later one, or the live state, as it comes.</summary>
    public Task CompareSnapshotsAsync(string from, string? to, Action<DifferenceLine> tell, CancellationToken cancel) => ReceiveAsync(
        $"{Snapshots}/diff?from={Escape(from)}{(to is null ? "" : $"&to={Escape(to)}")}", JsonOutput.Default.DifferenceLine, tell, cancel);

    /// <summary>What was removed or written over at or below a path of the volume and can be had back.</summary>
    public Task<LostVersionList> ListTrashAsync(string path, int limit, CancellationToken cancel) => SendAsync(
        HttpMethod.Get,
        string.Create(CultureInfo.InvariantCulture, $"v1/trash?path={Escape(path)}&limit={limit}"),
        JsonOutput.Default.LostVersionList,
        null,
        cancel);

    private static string Escape(string name) => Uri.EscapeDataString(name);
}
