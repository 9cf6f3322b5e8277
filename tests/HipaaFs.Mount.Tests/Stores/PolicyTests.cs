using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>A policy on three stores, applied to a mounted volume.</summary>
public sealed class PolicyTests
{
    private const int NotFound = 8;
    private const int Incomplete = 9;
    private const int Refused = 10;

    // Published often: what is staged comes to the stores soon. The machine is where the policy says.
    internal const string Configuration = "recovery:\n  publish: 1s\nregion: eu\n";

    [Fact]
    public async Task Apply_ThreePlacements_PutsEachWhereThePolicySaysAndChangesNothingTheSecondTime()
    {
        await using MountedVolume volume = await CreateAsync();
        string policy = await WritePolicyAsync(volume);
        JsonElement plan = await ResultAsync(volume, "policy", "plan", volume.Root, policy);
        Assert.True(plan.GetProperty("changes").GetBoolean());
        Assert.Equal(["name", "register", "register"], Words(plan, "stores", "action"));
        Assert.Equal(["/", "/phi", "/research", "/raw"], Words(plan, "directories", "path"));

        ProcessOutcome refused = await volume.RunAsync("policy", "apply", volume.Root, policy);
        Assert.Equal(NotFound, refused.ExitCode);
        Assert.Contains("/research", refused.Describe(), StringComparison.Ordinal);
        Assert.Equal("primary", (await StoresAsync(volume))[0].GetProperty("name").GetString()); // Nothing was changed.

        await ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await volume.ShellAsync("for d in phi research raw; do head -c 300000 /dev/urandom > $d/file && mkdir $d/sub && head -c 200000 /dev/urandom > $d/sub/other; done && sync");
        await CopiedAsync(volume);

        JsonElement[] stores = await StoresAsync(volume);
        Assert.Equal(["one", "two", "three"], stores.Select(static store => store.GetProperty("name").GetString()));
        long phi = 500_000;
        Assert.InRange(Bytes(stores[0], "has"), phi, 1.2 * phi); // phi, and nothing else
        Assert.InRange(Bytes(stores[1], "has"), 2 * phi, 2.4 * phi); // The replica of phi, and research.
        Assert.InRange(Bytes(stores[2], "has"), 2 * phi, 2.4 * phi); // The replica of research, and raw.
        Assert.Equal(Bytes(stores[2], "has") - Bytes(stores[1], "has") + Bytes(stores[0], "has"), Bytes(stores[2], "alone"));
        plan = await ResultAsync(volume, "policy", "apply", volume.Root, policy);
        Assert.False(plan.GetProperty("changes").GetBoolean());
        Assert.Contains("nothing is changed", (await volume.RunAsync("policy", "apply", volume.Root, policy)).Text, StringComparison.Ordinal);
        Assert.Contains("store 1  two in eu", (await volume.RunAsync("store", "status", volume.Root)).Text, StringComparison.Ordinal);
        JsonElement report = await ResultAsync(volume, "residency", "report", volume.Root);
        JsonElement restricted = report.GetProperty("directories").EnumerateArray().Single(static line => line.GetProperty("path").GetString() == "/phi");
        Assert.Equal(["one", "two"], restricted.GetProperty("places").EnumerateArray()
            .Where(static place => place.GetProperty("kind").GetString() == "copies").Select(static place => place.GetProperty("store").GetString()));
        Assert.Contains("/phi  may be in eu", (await volume.RunAsync("residency", "report", volume.Root)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("research", volume.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_PolicyThatDoesNotFitTheVolume_SaysWhyAndChangesNothing()
    {
        await using MountedVolume volume = await CreateAsync();
        string policy = await WritePolicyAsync(volume);
        string text = await File.ReadAllTextAsync(policy);

        await File.WriteAllTextAsync(policy, text.Replace("phi: x", "phi:", StringComparison.Ordinal) + "  - {path: /phi, retention: forever}\n");
        ProcessOutcome wrong = await volume.RunAsync("policy", "plan", volume.Root, policy);
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("policy.yaml:", wrong.Describe(), StringComparison.Ordinal);
        Assert.Equal(NotFound, (await volume.RunAsync("policy", "plan", volume.Root, policy + "-none")).ExitCode);
        Assert.Equal(NotFound, (await volume.RunAsync("policy", "plan", volume.Work, policy)).ExitCode);

        await File.WriteAllTextAsync(policy, text.Replace(volume.Store, volume.Store + "-other", StringComparison.Ordinal));
        ProcessOutcome foreign = await volume.RunAsync("policy", "apply", volume.Root, policy, "--make-directories", "--yes");
        Assert.Equal(10, foreign.ExitCode);
        Assert.Contains("is not among them", foreign.Describe(), StringComparison.Ordinal);
        Assert.Equal("", await volume.ShellAsync("ls"));

        await File.WriteAllTextAsync(policy, text);
        await volume.ShellAsync("echo > phi");
        Assert.Contains("/phi is no directory", (await volume.RunAsync("policy", "plan", volume.Root, policy)).Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_OverDataThatIsThere_SaysWhatMovesAndAsksFirst()
    {
        await using MountedVolume volume = await CreateAsync();
        string policy = await WritePolicyAsync(volume);
        await volume.ShellAsync("mkdir phi research raw && head -c 1000000 /dev/urandom > research/a && head -c 500000 /dev/urandom > a && sync");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded(); // What is dirty counts in whole pages.

        JsonElement plan = await ResultAsync(volume, "policy", "plan", volume.Root, policy);

        JsonElement research = plan.GetProperty("directories").EnumerateArray().Single(static line => line.GetProperty("path").GetString() == "/research");
        Assert.Equal((1, 1_000_000), (research.GetProperty("movedFiles").GetInt64(), research.GetProperty("movedBytes").GetInt64()));
        Assert.Equal(0, plan.GetProperty("directories")[0].GetProperty("movedFiles").GetInt64()); // Without a rule it stays in the volume's own placement.
        JsonElement two = plan.GetProperty("transfers").EnumerateArray().Single(static line => line.GetProperty("store").GetString() == "two");
        Assert.Equal((1_000_000, 1), (two.GetProperty("gets").GetInt64(), two.GetProperty("puts").GetInt64()));
        Assert.Equal("EUR", two.GetProperty("cost").GetProperty("currency").GetString());
        ProcessOutcome asked = await volume.RunAsync("policy", "apply", volume.Root, policy);
        Assert.Equal(Refused, asked.ExitCode);
        Assert.Contains("--yes", asked.Describe(), StringComparison.Ordinal);
        (await volume.RunAsync("policy", "apply", volume.Root, policy, "--yes")).EnsureSucceeded();
        Assert.False((await ResultAsync(volume, "policy", "plan", volume.Root, policy)).GetProperty("changes").GetBoolean());

        // As long as something has yet to be moved nothing is proven.
        await Eventually.TrueAsync(
            async () =>
            {
                ProcessOutcome outcome = await volume.RunAsync("residency", "report", volume.Root);
                Assert.True(outcome.ExitCode is 0 or 10, outcome.Describe());
                Assert.Equal(outcome.ExitCode == 10, outcome.Text.Contains("VIOLATION", StringComparison.Ordinal));
                return outcome.ExitCode == 0;
            },
            "everything is moved to where the policy wants it");
        Assert.InRange(Bytes((await StoresAsync(volume))[1], "has"), 1_000_000, 1_200_000);
    }

    [Fact]
    public async Task Gc_AndFsck_WithAStoreThatIsAway_NameItAndEndIncomplete()
    {
        await using MountedVolume volume = await CreateAsync();
        await ResultAsync(volume, "policy", "apply", volume.Root, await WritePolicyAsync(volume), "--make-directories");
        await volume.ShellAsync("head -c 300000 /dev/urandom > raw/file && sync");
        await CopiedAsync(volume);
        string store = Path.Combine(volume.Work, "three");
        Directory.Move(store, store + "-away");

        Assert.Equal("three", await UnreadAsync("gc", "--unknown", volume.Root));
        Assert.Contains("Not looked into to the end: store three", (await volume.RunAsync("gc", "--unknown", volume.Root)).Text, StringComparison.Ordinal);
        await volume.UnmountAsync();
        Assert.Equal("three", await UnreadAsync("fsck", volume.Volume));
        Assert.Equal("three", await UnreadAsync("fsck", "--repair", volume.Volume));
        Assert.Contains("Not read: store three. 1 segments may be there only", (await volume.RunAsync("fsck", volume.Volume)).Text, StringComparison.Ordinal);
        Directory.Move(store + "-away", store);
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();

        async Task<string?> UnreadAsync(params string[] arguments)
        {
            ProcessOutcome outcome = await volume.RunAsync([.. arguments, "--json"]);
            Assert.True(outcome.ExitCode == Incomplete, outcome.Describe());
            using JsonDocument document = JsonDocument.Parse(outcome.Text);
            return Assert.Single(document.RootElement.GetProperty("result").GetProperty("unreadStores").EnumerateArray()).GetString();
        }
    }

    [Fact]
    public async Task Apply_OnAReadOnlyMount_IsRefusedAndPlanIsNot()
    {
        await using MountedVolume volume = await CreateAsync("ro");
        string policy = await WritePolicyAsync(volume);

        Assert.Equal(10, (await volume.RunAsync("policy", "apply", volume.Root, policy, "--yes")).ExitCode);
        (await volume.RunAsync("policy", "plan", volume.Root, policy)).EnsureSucceeded();
        (await volume.RunAsync("store", "status", volume.Root)).EnsureSucceeded();
    }

    [Fact]
    public async Task Apply_Quotas_RefuseWhatWouldPassThem_AndAreShown()
    {
        await using MountedVolume volume = await CreateAsync();
        string policy = await WritePolicyAsync(volume);
        await volume.ShellAsync("mkdir phi research raw && head -c 300000 /dev/zero > phi/before");
        string text = await File.ReadAllTextAsync(policy);
        await File.WriteAllTextAsync(
            policy,
            text.Replace("  - path: /phi\n", "  - path: /phi\n    quota: {bytes: 1MB, files: 4, users: {nobody: {files: 1}}}\n", StringComparison.Ordinal)
            + "  - {path: /phi/in, quota: {bytes: 200KB}}\n");
        await ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories", "--yes");
        Assert.False((await ResultAsync(volume, "policy", "plan", volume.Root, policy)).GetProperty("changes").GetBoolean());

        // phi, before and in are three of the four.
        await volume.ShellAsync("dd if=/dev/zero of=phi/in/a bs=100000 count=2 status=none conv=fsync");
        Assert.Contains("quota exceeded", await volume.ShellAsync("touch phi/b 2>&1 || true"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("quota exceeded", await volume.ShellAsync("dd if=/dev/zero of=phi/in/a bs=100000 count=3 status=none conv=fsync 2>&1 || true"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("quota exceeded", await volume.ShellAsync("truncate -s 1000001 phi/before 2>&1 || true"), StringComparison.OrdinalIgnoreCase);
        await volume.ShellAsync("mv phi/before . && dd if=/dev/zero of=raw/a bs=1000000 count=3 status=none && truncate -s 100000 phi/in/a");

        JsonElement[] quotas = [.. (await ResultAsync(volume, "quota", volume.Root)).EnumerateArray()];
        Assert.Equal(["/phi", "/phi/in"], quotas.Select(static quota => quota.GetProperty("path").GetString()));
        JsonElement total = quotas[0].GetProperty("total");
        Assert.Equal((100_000, 1_000_000), (total.GetProperty("bytes").GetInt64(), total.GetProperty("bytesLimit").GetInt64()));
        Assert.Equal((3, 4), (total.GetProperty("files").GetInt64(), total.GetProperty("filesLimit").GetInt64()));
        Assert.Contains(quotas[0].GetProperty("users").EnumerateArray(), static user => user.GetProperty("user").GetUInt32() == 65534 && user.GetProperty("filesLimit").GetInt64() == 1);
        Assert.Contains("97.66 KiB of 195.31 KiB", (await volume.RunAsync("quota", volume.Root)).Text, StringComparison.Ordinal);

        await File.WriteAllTextAsync(policy, text);
        await ResultAsync(volume, "policy", "apply", volume.Root, policy, "--yes");
        await volume.ShellAsync("mkdir phi/more && dd if=/dev/zero of=phi/more/b bs=1000000 count=2 status=none conv=fsync");
        Assert.Contains("no quotas", (await volume.RunAsync("quota", volume.Root)).Text, StringComparison.Ordinal);
    }

    /// <summary>How many files have data that is not where it should be; less than 0 while nobody knows.</summary>
    internal static async Task<long> MisplacedAsync(MountedVolume volume)
    {
        JsonElement figures = await Recovery.MountFigures.ReadAsync(volume);
        return figures.TryGetProperty("filesToMove", out JsonElement files) && files.ValueKind == JsonValueKind.Number ? files.GetInt64() : -1;
    }

    internal static Task<MountedVolume> CreateAsync(string options = "") =>
        MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration, MountOptions = options });

    /// <summary>Three directories as stores; phi with a synchronous replica, research asynchronous on two, raw.</summary>
    internal static async Task<string> WritePolicyAsync(MountedVolume volume, string regionOfThree = "eu-nl")
    {
        Directory.CreateDirectory(Path.Combine(volume.Work, "two"));
        Directory.CreateDirectory(Path.Combine(volume.Work, "three"));
        string policy = Path.Combine(volume.Work, "policy.yaml");
        await File.WriteAllTextAsync(
            policy,
            $$"""
            version: 1
            currency: EUR
            host: {region: eu}
            metadata: {stores: [one]}
            stores:
              one: {url: "file://{{volume.Store}}", region: eu, baa: ours}
              two: {url: "file://{{volume.Work}}/two", region: eu, baa: ours, prices: {storage: {hot: 0.02}, egress: 0.1} }
              three: {url: "file://{{volume.Work}}/three", region: {{regionOfThree}}, baa: ours}
            defaults:
              placement: {primary: one}
            rules:
              - path: /phi
                regions: [eu]
                placement: {replicas: [{store: two, mode: sync}]}
              - path: /research
                classification: deidentified
                placement: {primary: two, replicas: [{store: three}]}
              - path: /raw
                placement: {primary: three}

            """);
        return policy;
    }

    /// <summary>Waits until no store lacks anything.</summary>
    internal static async Task CopiedAsync(MountedVolume volume)
    {
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        await Eventually.TrueAsync(
            async () => (await Recovery.MountFigures.ReadAsync(volume)).GetProperty("stagedSegments").GetInt32() == 0
                && (await StoresAsync(volume)).All(static store => Bytes(store, "lacks") == 0),
            "every store has what it should have");
    }

    internal static async Task<JsonElement[]> StoresAsync(MountedVolume volume) => [.. (await ResultAsync(volume, "store", "status", volume.Root)).EnumerateArray()];

    internal static long Bytes(JsonElement store, string count) => store.GetProperty(count).GetProperty("bytes").GetInt64();

    /// <summary>The result of a command that succeeds.</summary>
    internal static async Task<JsonElement> ResultAsync(MountedVolume volume, params string[] arguments)
    {
        ProcessOutcome outcome = await volume.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Describe() + "\n" + volume.LogTail);
        using JsonDocument document = JsonDocument.Parse(outcome.Text);
        return document.RootElement.GetProperty("result").Clone();
    }

    private static IEnumerable<string?> Words(JsonElement plan, string list, string property) =>
        plan.GetProperty(list).EnumerateArray().Select(item => item.GetProperty(property).GetString());
}
