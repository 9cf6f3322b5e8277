using HipaaFs.Cli.Commands;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Testing;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>A policy and an open volume.</summary>
public sealed class PolicyApplicationTests
{
    private const string Rules =
        """
        defaults: {placement: {primary: a}}
        rules:
          - {path: /x, placement: {primary: b}}
          - {path: /x/y, placement: {primary: c}}

        """;

    [Fact]
    public async Task Apply_CutOffAtAnyStep_GoesOnWhenItIsRunAgain()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        InodeAttributes x = await volume.MakeDirectoryAsync(InodeId.Root, "x");
        InodeAttributes y = await volume.MakeDirectoryAsync(x.Id, "y");
        InodeAttributes below = await volume.MakeDirectoryAsync(x.Id, "z");
        (LoadedPolicy policy, byte[] text) = volume.Policy(Rules);
        int applied = 0;
        PolicyPlan? done = null;
        while (done is null)
        {
            using var application = new PolicyApplication(volume.Volume, volume.Region);
            using var cut = new CancellationTokenSource();
            int told = 0;
            try
            {
                done = await application.ApplyAsync(policy, text, _ => CutAt(++told, applied + 1, cut), cut.Token);
            }
            catch (OperationCanceledException)
            {
                applied++;
                await volume.ReopenAsync();
            }
        }

        Assert.True(applied > 3, $"it was cut off {applied} times only");
        uint[] placements = await PlacementsAsync(volume, InodeId.Root, x.Id, y.Id, below.Id);
        Assert.Equal([0, 1, 2, 1], placements);
        Assert.Equal(3, volume.Volume.Placements.Count);
        using var again = new PolicyApplication(volume.Volume, volume.Region);
        Assert.False((await again.ApplyAsync(policy, text, static _ => { }, default)).Changes);
        Assert.Equal(text, await volume.Volume.ReadPolicyAsync(default));
    }

    [Fact]
    public async Task Apply_MissingDirectory_NamesAllOfThemAndRegistersNothing()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        (LoadedPolicy policy, byte[] text) = volume.Policy(Rules);
        using var application = new PolicyApplication(volume.Volume, volume.Region);

        var refused = await Assert.ThrowsAsync<CommandException>(() => application.ApplyAsync(policy, text, static _ => { }, default));

        Assert.Equal(["/x", "/x/y"], refused.Problems);
        Assert.Single(await volume.Volume.DescribeStoresAsync(default));
        Assert.Null(await volume.Volume.ReadPolicyAsync(default));
    }

    [Fact]
    public async Task Apply_MetadataStores_HasThemMirroredAndIsThenUnchanged()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        byte[] text = System.Text.Encoding.UTF8.GetBytes(
            System.Text.Encoding.UTF8.GetString(volume.Policy("defaults: {placement: {primary: a}}\n").Text).Replace("stores: [a]", "stores: [c, a]", StringComparison.Ordinal));
        LoadedPolicy policy = PolicyFile.Parse(text, "policy.yaml", new DateOnly(2026, 11, 1));
        using var application = new PolicyApplication(volume.Volume, volume.Region);

        PolicyPlan plan = await application.ApplyAsync(policy, text, static _ => { }, default);

        Assert.Equal(("a", "c"), (plan.Metadata!.Home, Assert.Single(plan.Metadata.Added)));
        using var shown = new StringWriter();
        PolicyPlanText.Write(plan, shown);
        Assert.Contains("go to the home, a, and are copied to c\n", shown.ToString(), StringComparison.Ordinal);
        Assert.Equal([0, 2], volume.Volume.MetadataStores);
        Assert.False((await application.PlanAsync(policy, text, static _ => { }, default)).Changes);
        IReadOnlyList<StoreReport> stores = await StoreReporting.DescribeAsync(volume.Volume, TimeProvider.System, default);
        Assert.Equal([(true, false), (false, false), (false, true)], stores.Select(static store => (store.Home, store.Mirror)));
        (policy, text) = volume.Policy("defaults: {placement: {primary: a}}\n");
        Assert.Equal("c", Assert.Single((await application.PlanAsync(policy, text, static _ => { }, default)).Metadata!.Dropped));
    }

    [Fact]
    public async Task Apply_StoreThatCannotBeRegistered_SaysWhatWasDoneBeforeAndGoesOnLater()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync((await volume.MakeDirectoryAsync(InodeId.Root, "x")).Id, "y");
        (LoadedPolicy policy, byte[] text) = volume.Policy(Rules);
        using var application = new PolicyApplication(volume.Volume, volume.Region);
        volume.TakeAway("c");

        var failed = await Assert.ThrowsAsync<CommandException>(() => application.ApplyAsync(policy, text, static _ => { }, default));

        Assert.Contains("register the store c", failed.Message, StringComparison.Ordinal);
        Assert.Contains("b was registered before that, and no directory was placed", failed.Message, StringComparison.Ordinal);
        Assert.Contains("run it again: it goes on from there", failed.Action, StringComparison.Ordinal);
        volume.BringBack("c");
        Assert.True((await application.ApplyAsync(policy, text, static _ => { }, default)).Changes);
        Assert.Equal("0, 1, 2", await NumbersAsync(volume));
    }

    [Fact]
    public async Task Apply_OwnStoreThatMayNotHaveTheNames_IsRefused()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        byte[] text = System.Text.Encoding.UTF8.GetBytes(
            System.Text.Encoding.UTF8.GetString(volume.Policy(Rules).Text).Replace("stores: [a]", "stores: [b]", StringComparison.Ordinal));
        using var application = new PolicyApplication(volume.Volume, volume.Region);

        var refused = await Assert.ThrowsAsync<CommandException>(
            () => application.PlanAsync(PolicyFile.Parse(text, "policy.yaml", new DateOnly(2026, 11, 1)), text, static _ => { }, default));

        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Contains("does not name it", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("b", "c", 10, "is in us")]
    [InlineData("b", "b", 2, "one store")]
    [InlineData("b", "d", 8, "it has a, b, c")]
    [InlineData("b", null, 10, "only store of placement 1")]
    [InlineData("a", null, 10, "the volume's home")]
    [InlineData("a", "c", 10, "is in us")]
    public async Task Empty_StoreThatCannotBe_IsRefused(string from, string? to, int code, string why)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n");
        var administration = volume.Administration;

        var refused = await Assert.ThrowsAsync<CommandException>(() => administration.EmptyAsync(from, to, waits: false, static _ => { }, default));

        Assert.Equal(code, (int)refused.Code);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Empty_Home_MakesTheOtherStoreTheHomeAndVolumeYamlSaysSo()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: a, replicas: [{store: b}]}}]\n");

        StoreChange change = await volume.Administration.EmptyAsync("a", "b", waits: false, static _ => { }, default);

        Assert.Equal([0, 1], change.Redefined);
        Assert.Equal((true, true), (change.Target!.Home, change.Store.Mirror));
        Assert.Contains("does not name b in 'metadata: stores:'", change.Policy, StringComparison.Ordinal);
        Assert.Contains("still places data in a", change.Policy, StringComparison.Ordinal);
        Assert.EndsWith("/b", volume.Configuration.Get(VolumeSettings.Store), StringComparison.Ordinal);
        await volume.ReopenAsync();
        Assert.Equal((1, 1, 1), (volume.Volume.HomeStore, volume.Volume.Placements[0].Primary, volume.Volume.Placements[1].Primary));
        Assert.Empty((await volume.Administration.EmptyAsync("a", "b", waits: true, static _ => { }, default)).Redefined);
        Assert.True((await volume.Administration.RemoveAsync("a", default)).IsFree);
    }

    [Fact]
    public async Task Empty_StoreOfAPlacement_RedefinesItAndSaysWhatThePolicyStillSays()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b}}]\n");
        var administration = volume.Administration;

        StoreChange change = await administration.EmptyAsync("b", "c", waits: true, static _ => { }, default);

        Assert.Equal((1u, true, 2), (Assert.Single(change.Redefined), change.IsDone, volume.Volume.Placements[1].Primary));
        Assert.Contains("still places data in b", change.Policy, StringComparison.Ordinal);
        Assert.Empty((await administration.EmptyAsync("b", "c", waits: true, static _ => { }, default)).Redefined);
        await ApplyAsync(volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: c}}]\n");
        Assert.Equal(2, volume.Volume.Placements.Count);
        Assert.Null((await administration.EmptyAsync("b", "c", waits: true, static _ => { }, default)).Policy);
    }

    [Fact]
    public async Task Forget_StoreThatIsLost_AsksFirstAndGoesOnWithoutIt()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await volume.MakeDirectoryAsync(InodeId.Root, "y");
        await ApplyAsync(volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b, replicas: [{store: c}]}}, {path: /y, placement: {primary: c}}]\n");
        var administration = volume.Administration;
        await AssertRefusedAsync("a", confirmed: true, "it is the volume's home");
        await AssertRefusedAsync("b", confirmed: true, "it answers");
        volume.TakeAway("b");
        volume.TakeAway("c");
        await AssertRefusedAsync("b", confirmed: false, "0 segments are in it, and all that is needed of them is elsewhere; --yes is not given");
        await AssertRefusedAsync("c", confirmed: true, "it is the only store of placement");

        StoreForgotten forgotten = await administration.ForgetAsync("b", isConfirmed: true, default);

        Assert.Single(forgotten.Redefined);
        Assert.Contains("still places data in b", forgotten.Policy, StringComparison.Ordinal);
        Assert.Equal(2, volume.Volume.Placements[(int)forgotten.Redefined[0]].Primary);
        Assert.Equal(["a", "c"], (await StoreReporting.DescribeAsync(volume.Volume, TimeProvider.System, default)).Select(static store => store.Name));

        async Task AssertRefusedAsync(string name, bool confirmed, string why)
        {
            CommandException refused = await Assert.ThrowsAsync<CommandException>(() => administration.ForgetAsync(name, confirmed, default));
            Assert.Equal(ExitCode.Refused, refused.Code);
            Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        }
    }

    private static async Task ApplyAsync(OpenVolume volume, string rules)
    {
        (LoadedPolicy policy, byte[] text) = volume.Policy(rules);
        using var application = new PolicyApplication(volume.Volume, volume.Region);
        await application.ApplyAsync(policy, text, static _ => { }, default);
    }

    private static void CutAt(int told, int at, CancellationTokenSource cut)
    {
        if (told == at)
        {
            cut.Cancel();
        }
    }

    private static async Task<uint[]> PlacementsAsync(OpenVolume volume, params InodeId[] inodes)
    {
        var placements = new List<uint>();
        foreach (InodeId inode in inodes)
        {
            placements.Add(await volume.PlacementAsync(inode));
        }

        return [.. placements];
    }

    [Fact]
    public async Task Remove_StoreThatIsEmpty_TakesItAwayAndItsNumberIsNotGivenAgain()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        const string onB = "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b}}]\n";
        await ApplyAsync(volume, onB);
        var administration = volume.Administration;
        foreach (string name in (string[])["a", "b"])
        {
            Assert.Equal(ExitCode.Refused, (await Assert.ThrowsAsync<CommandException>(() => administration.RemoveAsync(name, default))).Code);
        }

        await administration.EmptyAsync("b", "c", waits: true, static _ => { }, default);
        await administration.RemoveAsync("b", default);

        Assert.Equal("0, 2", await NumbersAsync(volume));
        Assert.Equal(ExitCode.NotFound, (await Assert.ThrowsAsync<CommandException>(() => administration.RemoveAsync("b", default))).Code);
        await ApplyAsync(volume, onB);
        Assert.Equal("0, 2, 3", await NumbersAsync(volume));
        Assert.Equal(3, volume.Volume.Placements[^1].Primary);
    }

    [Fact]
    public async Task Residency_OfWhatThePolicySays_Holds()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        var audit = new ResidencyAudit(volume.Volume, volume.Region);
        Assert.Equal(ExitCode.NotFound, (await Assert.ThrowsAsync<CommandException>(() => ReportAsync(audit))).Code);
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "defaults: {placement: {primary: c}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n");

        ResidencyReport report = await ReportAsync(audit);

        Assert.True(report.Holds, string.Join('\n', report.Directories.SelectMany(static line => line.Violations)));
        Assert.Equal(["/", "/x"], report.Directories.Select(static line => line.Path));
        Assert.Null(report.Directories[0].Regions);
        Assert.Equal(
            [("placement", "b", "eu"), ("metadata", "a", "eu"), ("host", "", "eu")],
            report.Directories[1].Places.Select(static place => (place.Kind, place.Store, place.Region)));
    }

    [Fact]
    public async Task Residency_OfWhatIsOutside_NamesEachPlace()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n");
        await volume.Volume.NameStoreAsync(0, "a", "us", default);
        await volume.Volume.NameStoreAsync(1, "b", "", default);
        await volume.Volume.WritePolicyAsync(
            volume.Policy("defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu, eu-fr], placement: {primary: b}}]\n").Text, default);

        ResidencyReport report = await ReportAsync(new ResidencyAudit(volume.Volume, volume.Region));

        Assert.False(report.Holds);
        Assert.Equal(
            [
                "new data goes to b, in a region that nobody said",
                "change stream and key ring are in a, in us",
                "1 files and directories have placement 1, which these regions do not bound",
            ],
            report.Directories[1].Violations);
    }

    [Fact]
    public async Task Residency_CopiesOutside_AreCounted()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        InodeAttributes x = await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "defaults: {placement: {primary: c}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n");
        await volume.UploadAsync(x.Id, "file", 100_000);
        await volume.UploadAsync(InodeId.Root, "other", 100_000); // In us, and not of /x.
        var audit = new ResidencyAudit(volume.Volume, volume.Region);
        ResidencyReport before = await ReportAsync(audit);
        Assert.True(before.Holds, string.Join('\n', before.Directories.SelectMany(static line => line.Violations)));
        Assert.Equal(("b", 1L), before.Directories[1].Places.Where(static place => place.Kind == "copies").Select(static place => (place.Store, place.Segments)).Single());

        await volume.Volume.NameStoreAsync(1, "b", "us", default);

        ResidencyReport report = await ReportAsync(audit);
        Assert.False(report.Holds);
        Assert.Equal(["1 segments are in b, in us", "new data goes to b, in us"], report.Directories[1].Violations);
    }

    [Fact]
    public async Task Residency_DataThatIsStillBeingMoved_DoesNotHoldUntilItIsThere()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        InodeAttributes x = await volume.MakeDirectoryAsync(InodeId.Root, "x");
        await ApplyAsync(volume, "mover: {bandwidth: 1}\ndefaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: c}}]\n");
        await volume.UploadAsync(x.Id, "one", 1_000_000);
        await volume.UploadAsync(x.Id, "two", 1_000_000);
        const string inside = "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n";
        await ApplyAsync(volume, "mover: {bandwidth: 1}\n" + inside); // The second of them would be there in eleven days.

        ResidencyReport report = await ReportAsync(new ResidencyAudit(volume.Volume, volume.Region));

        Assert.False(report.Holds);
        Assert.Matches(@"^[12] files of the volume have [\d.]+ \w+ elsewhere than their placements say; they are being moved$", Assert.Single(report.Directories[1].Violations));
        Assert.InRange(report.MisplacedFiles, 1, 2);

        await ApplyAsync(volume, "mover: {bandwidth: 1GB}\n" + inside);
        await volume.ReopenAsync();
        await Eventually.TrueAsync(async () => (await ReportAsync(new ResidencyAudit(volume.Volume, volume.Region))).Holds, "it is moved");
    }

    [Fact]
    public async Task Residency_RemovedFilesThatSnapshotsShow_CountWhereTheyAreOutside()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        InodeAttributes y = await volume.MakeDirectoryAsync(InodeId.Root, "y");
        InodeAttributes z = await volume.MakeDirectoryAsync(InodeId.Root, "z");
        await ApplyAsync(
            volume, "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}, {path: /y, placement: {primary: c}}, {path: /z, placement: {primary: a}}]\n");
        foreach (InodeAttributes directory in (InodeAttributes[])[y, z])
        {
            await volume.UploadAsync(directory.Id, "file", 200_000);
        }

        Assert.True((await volume.Volume.CreateSnapshotAsync("before", default)).IsOk);
        foreach (InodeAttributes directory in (InodeAttributes[])[y, z])
        {
            Assert.Equal(FsError.None, await volume.Volume.FileSystem.UnlinkAsync(directory.Id, "file"u8, default));
        }

        ResidencyReport report = await ReportAsync(new ResidencyAudit(volume.Volume, volume.Region));

        // Whose they were nothing tells, so those in us may be of /x; those of /z are in eu and do no harm.
        Assert.False(report.Holds);
        ResidencyLine line = report.Directories.Single(static line => line.Path == "/x");
        Assert.Matches(@"^[\d.]+ \w+ of removed files, which snapshots still show and nothing tells whose they were, are of placement \d in c$", Assert.Single(line.Violations));
    }

    [Fact]
    public async Task Residency_PolicyWhoseHostIsOutside_IsNoReport()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        const string rules = "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n";
        await ApplyAsync(volume, rules);
        string text = System.Text.Encoding.UTF8.GetString(volume.Policy(rules).Text);
        await volume.Volume.WritePolicyAsync(System.Text.Encoding.UTF8.GetBytes(text.Replace("host: {region: eu}", "host: {region: us}", StringComparison.Ordinal)), default); // 'apply' refuses it.

        CommandException refused = await Assert.ThrowsAsync<CommandException>(() => ReportAsync(new ResidencyAudit(volume.Volume, volume.Region)));

        Assert.Contains("host.region: staging and cache are in us; ", Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    private static Task<ResidencyReport> ReportAsync(ResidencyAudit audit) => audit.RunAsync(new DateOnly(2026, 11, 1), static _ => { }, default);

    private static async Task<string> NumbersAsync(OpenVolume volume) =>
        string.Join(", ", (await volume.Volume.DescribeStoresAsync(default)).Select(static contents => contents.Store.Number));
}
