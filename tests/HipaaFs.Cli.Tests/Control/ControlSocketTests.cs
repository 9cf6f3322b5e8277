using HipaaFs.Cache;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Shipping;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Cli.Tests.Control;

/// <summary>Client and server of the control socket, without a mount behind it.</summary>
public sealed class ControlSocketTests : IAsyncDisposable
{
    private readonly VolumeDirectory _directory = new();
    private readonly FakeTarget _target = new();
    private readonly ControlServer _server;
    private readonly ControlClient _client;

    public ControlSocketTests()
    {
        _server = new ControlServer(Socket, _target, NullLoggerFactory.Instance);
        _client = new ControlClient(Socket, TimeProvider.System);
    }

    private string Socket => Path.Combine(_directory.Root, "control");

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Socket_Listening_IsPrivate()
    {
        await File.WriteAllTextAsync(Socket, "left by a daemon that was killed");
        await _server.StartAsync(CancellationToken.None);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));
        Assert.True(await _client.IsAnsweringAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Recall_FilesSpeedAndDays_ReachTheTarget()
    {
        await _server.StartAsync(CancellationToken.None);
        RecallReport report = await _client.RecallAsync([new InodeId(7), new InodeId((1UL << 48) + 9)], new RestoreRequest(RestoreSpeed.Expedited, 12), asks: false, default);
        Assert.Equal((2L, 1L, 12L, (long)RestoreSpeed.Expedited, (1L << 48) + 16), (report.Files, report.Archived, report.Recalling, report.Recalled, report.Failed));
        RecallRequestLine line = report.Requests.Single();
        Assert.Equal(("s", 1L, 2L, 0.5m, "EUR"), (line.Store, line.Segments, line.Bytes, line.Cost, line.Currency));
        Assert.Equal(0, (await _client.RecallAsync([new InodeId(7)], new RestoreRequest(RestoreSpeed.Bulk, 1), asks: true, default)).Archived);
    }

    [Fact]
    public async Task Socket_Closed_LeavesTheNameOfTheNextDaemonAlone()
    {
        await _server.StartAsync(CancellationToken.None);
        File.Delete(Socket);
        await File.WriteAllTextAsync(Socket, "the next one");

        await _server.DisposeAsync();

        Assert.Equal("the next one", await File.ReadAllTextAsync(Socket));
    }

    [Fact]
    public async Task IsAnswering_NobodyThere_IsFalse() => Assert.False(await _client.IsAnsweringAsync(CancellationToken.None));

    [Fact]
    public async Task Status_RoundTrip_KeepsTheFigures()
    {
        await _server.StartAsync(CancellationToken.None);

        MountStatus status = await _client.GetStatusAsync(CancellationToken.None);

        Assert.Equal(_target.GetStatus(), status);
    }

    [Fact]
    public async Task Umount_Progress_ArrivesBeforeTheResult()
    {
        await _server.StartAsync(CancellationToken.None);
        var seen = new List<ProgressUpdate>();

        UmountOutcome outcome = await _client.UmountAsync(now: false, seen.Add, CancellationToken.None);

        Assert.Equal(new UmountOutcome("/mnt", 2, 3), outcome);
        Assert.Equal(new ProgressUpdate("upload", 1, 2, "bytes"), Assert.Single(seen));
    }

    [Fact]
    public async Task Umount_Now_IsPassedOnAndItsFailureComesBackWhole()
    {
        await _server.StartAsync(CancellationToken.None);

        var failure = await Assert.ThrowsAsync<CommandException>(
            () => _client.UmountAsync(now: true, static _ => { }, CancellationToken.None));

        Assert.Equal(ExitCode.Store, failure.Code);
        Assert.Equal("the message", failure.Message);
        Assert.Equal("the action", failure.Action);
        Assert.Equal(["first", "second"], failure.Problems);
    }

    [Fact]
    public async Task Metrics_OfAStatus_ArePrometheusText()
    {
        await _server.StartAsync(CancellationToken.None);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
                await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(Socket), cancel);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        });

        string text = await http.GetStringAsync(new Uri("http://hipaafs/metrics"));

        Assert.Contains("# TYPE hipaafs_staged_bytes gauge\nhipaafs_staged_bytes{volume=\"id\"} 7\n", text, StringComparison.Ordinal);
        Assert.Contains("\nhipaafs_stored_bytes{volume=\"id\"} 11\n", text, StringComparison.Ordinal);
        Assert.Contains("\nhipaafs_live_bytes{volume=\"id\"} 12\n", text, StringComparison.Ordinal);
        Assert.Contains("\nhipaafs_condemned_bytes{volume=\"id\"} 13\n", text, StringComparison.Ordinal);
        Assert.Contains("\nhipaafs_recovery_point_alarm{volume=\"id\"} 1\n", text, StringComparison.Ordinal);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await http.GetAsync(new Uri("http://hipaafs/nothing"))).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await http.GetAsync(new Uri("http://hipaafs/v1/umount"))).StatusCode);
    }

    [Fact]
    public async Task Snapshots_NamesOfAnyKind_PassUnchanged()
    {
        await _server.StartAsync(CancellationToken.None);
        using var client = new ControlClient(Socket, TimeProvider.System);
        const string name = "a b&c=d?é/#%";

        Assert.Equal("a b&c", Assert.Single(await client.ListSnapshotsAsync(CancellationToken.None)).Name);
        Assert.Equal(name, (await client.CreateSnapshotAsync(name, CancellationToken.None)).Name);
        Assert.True((await client.CreateSnapshotAsync(null, CancellationToken.None)).Automatic);
        CommandException missing = await Assert.ThrowsAsync<CommandException>(() => client.DeleteSnapshotAsync(name, CancellationToken.None));
        Assert.Equal((ExitCode.NotFound, name), (missing.Code, missing.Message));
        var told = new List<DifferenceLine>();
        await client.CompareSnapshotsAsync(name, null, told.Add, CancellationToken.None);
        await client.CompareSnapshotsAsync(name, name, told.Add, CancellationToken.None);
        Assert.Equal([new DifferenceLine("renamed", name, null), new DifferenceLine("renamed", name, name)], told);
    }

    [Fact]
    public async Task Diff_OfAnyLength_ComesItemByItem()
    {
        await _server.StartAsync(CancellationToken.None);
        _target.Differences = 200_000;
        int received = 0;
        bool wasAhead = false;
        await _client.CompareSnapshotsAsync(
            "a\n]",
            null,
            line =>
            {
                Assert.Equal("a\n]", line.Path);
                received++;
                wasAhead |= _target.Told < _target.Differences; // The daemon has not made all of them yet.
            },
            CancellationToken.None);

        Assert.Equal(200_000, received);
        Assert.True(wasAhead, "the whole list was held before the first of it was sent");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Diff_FailsAfterSome_TellsThoseAndTheFailure(int differences)
    {
        await _server.StartAsync(CancellationToken.None);
        _target.Differences = differences;
        _target.FailsAfterwards = true;
        int received = 0;
        CommandException failure = await Assert.ThrowsAsync<CommandException>(
            () => _client.CompareSnapshotsAsync("a", null, _ => received++, CancellationToken.None));

        Assert.Equal((ExitCode.Failed, "the message", "the action"), (failure.Code, failure.Message, failure.Action));
        Assert.Equal(differences, received);
    }

    [Fact]
    public async Task List_AsJson_IsOneObject()
    {
        Assert.Equal("""{"schema":1,"result":[],"ok":true}""", await ListedAsync(0, null));
        Assert.Equal("""{"schema":1,"result":[{"kind":"a","path":"b"},{"kind":"a","path":"b"}],"ok":true}""", await ListedAsync(2, null));
        Assert.Equal(
            """{"schema":1,"result":[{"kind":"a","path":"b"}],"ok":false,"error":{"code":"store","exitCode":5,"message":"m","action":"n"}}""",
            await ListedAsync(1, new CommandException(ExitCode.Store, "m", "n")));
    }

    [Fact]
    public async Task Gc_RoundTrip_KeepsTheReport()
    {
        await _server.StartAsync(CancellationToken.None);

        var updates = new List<ProgressUpdate>();
        GarbageReport report = await _client.CollectGarbageAsync(updates.Add, CancellationToken.None);

        Assert.Equal(await _target.CollectGarbageAsync(static _ => { }, CancellationToken.None), report);
        Assert.Equal([new ProgressUpdate("rewrite", 1, 2, "bytes")], updates);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GcUnknown_RoundTrip_DeletesOnlyWhenTold(bool deletes)
    {
        await _server.StartAsync(CancellationToken.None);

        UnknownReport report = await _client.SweepUnknownAsync(deletes, static _ => { }, CancellationToken.None);
        Assert.Equal(new UnknownReport(1, 2, 3, deletes ? 1 : 0, deletes ? 2 : 0, IsComplete: true), report);
    }

    [Fact]
    public async Task Stores_RoundTrip_KeepsTheFigures()
    {
        await _server.StartAsync(CancellationToken.None);

        StoreReport store = Assert.Single(await _client.ListStoresAsync(CancellationToken.None));

        Assert.Equal([2u], store.Placements);
        Assert.Equal(Store, store with { Placements = Store.Placements });
    }

    [Fact]
    public async Task Cost_RoundTrip_KeepsTheFigures()
    {
        await _server.StartAsync(CancellationToken.None);

        CostReport report = await _client.ReportCostAsync(static _ => { }, CancellationToken.None);

        CostStore store = Assert.Single(report.Stores);
        Assert.Equal(("EUR", 0.5m, 0.1m, null), (report.Currency, Assert.Single(store.Tiers).Month, store.Today.Money, store.ThisMonth.Money));
        Assert.Equal(new CostBudget("day", "requests", 1, 2, "ok"), Assert.Single(store.Budgets));
        Assert.Equal(new CostDirectory("/x", 1, 2, null), Assert.Single(report.Directories));
    }

    [Fact]
    public async Task Transition_RoundTrip_KeepsMomentAndCounts()
    {
        await _server.StartAsync(CancellationToken.None);
        var moment = new DateTimeOffset(2026, 12, 24, 18, 0, 0, TimeSpan.FromHours(1));

        TransitionReport counted = await _client.TransitionAsync(moment, countsOnly: true, CancellationToken.None);
        TransitionReport taken = await _client.TransitionAsync(moment, countsOnly: false, CancellationToken.None);

        Assert.Equal((moment, false, true), (counted.AsOf, counted.Taken, taken.Taken));
        Assert.Equal(new TransitionLine("a", "b (archive)", 1, 2, 3, 4), Assert.Single(taken.Steps));
    }

    [Fact]
    public async Task Residency_RoundTrip_KeepsTheFindings()
    {
        await _server.StartAsync(CancellationToken.None);

        ResidencyReport report = await _client.ReportResidencyAsync(static _ => { }, CancellationToken.None);

        Assert.False(report.Holds);
        Assert.Equal((1, 2), (report.MisplacedFiles, report.MisplacedBytes));
        Assert.Equal(new ResidencyPlace("host", "", "us", 0, 0, Allowed: false), Assert.Single(Assert.Single(report.Directories).Places));
    }

    [Fact]
    public async Task StoreRequests_NamesAndOptions_PassUnchanged()
    {
        await _server.StartAsync(CancellationToken.None);

        CommandException verify = await Assert.ThrowsAsync<CommandException>(() => _client.VerifyStoreAsync("a&b", 7, static _ => { }, CancellationToken.None));
        CommandException repair = await Assert.ThrowsAsync<CommandException>(() => _client.RepairStoreAsync("a", waits: true, static _ => { }, CancellationToken.None));
        StoreChange drain = await _client.EmptyStoreAsync("a", null, waits: false, static _ => { }, CancellationToken.None);
        StoreChange migrate = await _client.EmptyStoreAsync("a", "b&", waits: true, static _ => { }, CancellationToken.None);

        Assert.Equal(("a&b 7 False False", "a 0 True True", "a  False", "a b& True"), (verify.Message, repair.Message, drain.Policy, migrate.Policy));
        Assert.Equal((false, 3u), (drain.IsDone, Assert.Single(drain.Redefined)));
        StoreForgotten forgotten = await _client.ForgetStoreAsync("a&b", isConfirmed: true, CancellationToken.None);
        Assert.Equal((new StoreLoss(1, 2, 3, 4, 5), 7u, "a&b True"), (forgotten.Loss with { CachedFiles = [] }, Assert.Single(forgotten.Redefined), forgotten.Policy));
        Assert.Equal(new StoreRemoval(true, 3, 2), await _client.RemoveStoreAsync("a b", CancellationToken.None));
        StoreShipment shipment = await _client.ShipAsync("a", "b&", "/disk 1", "out", new ShipmentStep(CountsOnly: true, StartsAnew: true), static _ => { }, CancellationToken.None);
        StoreShipment received = await _client.ShipAsync("a", "b", null, "received", default, static _ => { }, CancellationToken.None);
        Assert.Equal(("a b& /disk 1 out True True", "a b  received False False"), (shipment.Stopped, received.Stopped));
    }

    [Fact]
    public async Task CacheRequests_UsesAndInodes_PassUnchanged()
    {
        await _server.StartAsync(CancellationToken.None);

        Assert.Equal(new CacheReport(1, 2, new PinUsage(3, 4, 5, 6, 7), null), await _client.DescribeCacheAsync(CancellationToken.None));
        foreach (CacheUse use in Enum.GetValues<CacheUse>())
        {
            CacheReport report = await _client.UseCacheAsync(use, [1, 2, 1UL << 47], static _ => { }, CancellationToken.None);
            Assert.Equal(new CacheReport((long)use, 3, new PinUsage(1L << 47, 0, 0, 0, 0), new WarmProgress(1, 2, 3, 4)), report);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Policy_AsLongAsTheyCanBe_ComesWhole(bool applies)
    {
        await _server.StartAsync(CancellationToken.None);
        var updates = new List<ProgressUpdate>();

        PolicyPlan plan = await _client.UsePolicyAsync(new byte[PolicyFile.MostBytes], "a b&c.yaml", applies, updates.Add, CancellationToken.None);

        Assert.Equal(("a b&c.yaml", applies), (plan.File, plan.Changes));
        Assert.Equal(["/a b"], plan.Missing);
        Assert.Equal(PolicyFile.MostBytes, Assert.Single(updates).Done);
    }

    private static StoreReport Store { get; } = new(
        1, "b", "s3://b", "eu-de", Away: true, "it does not answer", new SegmentCount(1, 2), new SegmentCount(3, 4), new SegmentCount(5, 6), new SegmentCount(7, 8), new SegmentCount(9, 10), [2])
    {
        AwaySeconds = 11,
        LagSeconds = 12,
    };

    private static async Task<string> ListedAsync(int count, CommandException? failure)
    {
        using var output = new StringWriter();
        var context = new CommandContext { Out = output, Error = TextWriter.Null };
        await new CommandOutput(context, json: true).ListAsync(
            tell =>
            {
                for (int i = 0; i < count; i++)
                {
                    tell(new DifferenceLine("a", "b", null));
                }

                return failure is null ? Task.CompletedTask : Task.FromException(failure);
            },
            JsonOutput.Default.DifferenceLine,
            static (_, _) => { });
        return output.ToString().ReplaceLineEndings("");
    }

    private sealed class FakeTarget : IControlTarget
    {
        public Task<GarbageReport> CollectGarbageAsync(Action<ProgressUpdate> progress, CancellationToken cancel)
        {
            progress(new ProgressUpdate("rewrite", 1, 2, "bytes"));
            return Task.FromResult(new GarbageReport(1, 2, 3, 4, new SpaceUsage(5, 6, 7, 8, DateTimeOffset.UnixEpoch), IsComplete: true));
        }

        public Task<UnknownReport> SweepUnknownAsync(bool deletes, Action<ProgressUpdate> progress, CancellationToken cancel) =>
            Task.FromResult(new UnknownReport(1, 2, 3, deletes ? 1 : 0, deletes ? 2 : 0, IsComplete: true));

        public MountStatus GetStatus() => new()
        {
            VolumeId = "id",
            Volume = "/volume",
            MountPoint = "/mnt",
            State = MountState.Serving,
            Pid = 42,
            StartedAt = DateTimeOffset.UnixEpoch,
            Figures = new VolumeFigures { Session = 3, StagedBytes = 7, UploadError = "Unavailable", RecoveryPointAlarm = true, StoredBytes = 11, LiveBytes = 12, CondemnedBytes = 13 },
        };

        public Task SyncAsync(CancellationToken cancel) => Task.CompletedTask;

        public Task<UmountOutcome> UmountAsync(bool now, Action<ProgressUpdate> progress, CancellationToken cancel)
        {
            progress(new ProgressUpdate("upload", 1, 2, "bytes"));
            return now
                ? throw new CommandException(ExitCode.Store, "the message", "the action") { Problems = ["first", "second"] }
                : Task.FromResult(new UmountOutcome("/mnt", 2, 3));
        }

        public Task<IReadOnlyList<SnapshotLine>> ListSnapshotsAsync(CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<SnapshotLine>>([new SnapshotLine("a b&c", DateTimeOffset.UnixEpoch, Automatic: false)]);

        public Task<SnapshotLine> CreateSnapshotAsync(string? name, CancellationToken cancel) =>
            Task.FromResult(new SnapshotLine(name ?? "by time", DateTimeOffset.UnixEpoch, name is null));

        public Task<SnapshotLine> DeleteSnapshotAsync(string name, CancellationToken cancel) =>
            throw new CommandException(ExitCode.NotFound, name, "the action");

        public Task<ScrubResult> ScrubAsync(ScrubOptions options, Action<ProgressUpdate> progress, CancellationToken cancel) => throw new NotSupportedException();

        public Task<IReadOnlyList<StoreReport>> ListStoresAsync(CancellationToken cancel) => Task.FromResult<IReadOnlyList<StoreReport>>([Store]);

        public Task<IReadOnlyList<QuotaReport>> ListQuotasAsync(CancellationToken cancel) => throw new NotSupportedException();

        public Task<RecallReport> RecallAsync(IReadOnlyCollection<InodeId> files, RestoreRequest request, bool asks, CancellationToken cancel) => Task.FromResult(
            new RecallReport(files.Count, asks ? 0 : 1, request.Days, (long)request.Speed, files.Sum(static file => (long)file.Value), null, DateTimeOffset.UnixEpoch, [new RecallRequestLine("s", 1, 2, 0.5m, "EUR")]));

        public Task<PolicyPlan> UsePolicyAsync(ReadOnlyMemory<byte> text, string file, bool applies, Action<ProgressUpdate> progress, CancellationToken cancel)
        {
            progress(new ProgressUpdate("count", text.Length, 0, "entries"));
            return Task.FromResult(new PolicyPlan(file, [], [], [new PlannedDirectory("/a b", false, 1, 0, 0, 0, 0, 0)], [], [], []) { Changes = applies });
        }

        public Task<StoreVerification> VerifyStoreAsync(
            string name, long bytesPerSecond, bool repairs, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel) =>
            throw new CommandException(ExitCode.Refused, $"{name} {bytesPerSecond} {repairs} {waits}", "the action");

        public Task<StoreChange> EmptyStoreAsync(string name, string? target, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel) =>
            Task.FromResult(new StoreChange(Store, null, [3], new SegmentCount(1, 2), $"{name} {target} {waits}"));

        public Task<StoreShipment> ShipAsync(
            string from, string to, string? directory, string word, ShipmentStep step, Action<ProgressUpdate> progress, CancellationToken cancel) =>
            Task.FromResult(new StoreShipment(from, to, 1, 2, 3, 4, 0, 0, [], $"{from} {to} {directory} {word} {step.CountsOnly} {step.StartsAnew}"));

        public Task<CostReport> ReportCostAsync(Action<ProgressUpdate> progress, CancellationToken cancel) => Task.FromResult(new CostReport(
            "EUR",
            [new CostStore("a", [new CostTier("hot", 1, 2, 0.5m)], new CostUse(1, 2, 3, 0.1m), new CostUse(4, 5, 6, null), [new CostBudget("day", "requests", 1, 2, "ok")])],
            [new CostDirectory("/x", 1, 2, null)]));

        public Task<TransitionReport> TransitionAsync(DateTimeOffset asOf, bool countsOnly, CancellationToken cancel) =>
            Task.FromResult(new TransitionReport(asOf, !countsOnly, [new TransitionLine("a", "b (archive)", 1, 2, 3, 4)]));

        public Task<ResidencyReport> ReportResidencyAsync(Action<ProgressUpdate> progress, CancellationToken cancel) =>
            Task.FromResult(new ResidencyReport([new ResidencyLine("/x", ["eu"], [1], [new ResidencyPlace("host", "", "us", 0, 0, Allowed: false)], ["it is"])], 1, 2));

        public Task<StoreRemoval> RemoveStoreAsync(string name, CancellationToken cancel) => Task.FromResult(new StoreRemoval(true, name.Length, 2));

        public Task<CacheReport> DescribeCacheAsync(CancellationToken cancel) => Task.FromResult(new CacheReport(1, 2, new PinUsage(3, 4, 5, 6, 7), null));

        public Task<CacheReport> UseCacheAsync(CacheUse use, IReadOnlyList<ulong> inodes, Action<ProgressUpdate> progress, CancellationToken cancel) =>
            Task.FromResult(new CacheReport((long)use, inodes.Count, new PinUsage((long)inodes[^1], 0, 0, 0, 0), new WarmProgress(1, 2, 3, 4)));

        public Task<StoreForgotten> ForgetStoreAsync(string name, bool isConfirmed, CancellationToken cancel) =>
            Task.FromResult(new StoreForgotten(new StoreLoss(1, 2, 3, 4, 5), [7], $"{name} {isConfirmed}"));

        public Task<LostVersionList> ListTrashAsync(string path, int limit, CancellationToken cancel) => throw new NotSupportedException();

        public int Differences { get; set; } = 1;

        public bool FailsAfterwards { get; set; }

        public int Told { get; private set; }

        public async Task CompareSnapshotsAsync(string from, string? to, Func<DifferenceLine, CancellationToken, ValueTask> tell, CancellationToken cancel)
        {
            for (int i = 0; i < Differences; i++)
            {
                await tell(new DifferenceLine("renamed", from, to), cancel);
                Told++;
            }

            if (FailsAfterwards)
            {
                throw new CommandException(ExitCode.Failed, "the message", "the action");
            }
        }

        public Task HandOverAsync(CancellationToken cancel) => Task.CompletedTask;
    }
}
