using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Azure.Storage.Blobs.Models;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>The home of a mounted volume, the store with change stream and key ring, is migrated while programs read and write.</summary>
public sealed class HomeMigrationTests
{
    private const int HeldByAnother = 7;
    private const int Refused = 10;
    private const int Passing = 2; // Segments that are copied before the kill.

    private readonly CephCluster _ceph;
    private readonly AzuriteServer _azurite;

    public HomeMigrationTests(CephCluster ceph, AzuriteServer azurite)
    {
        _ceph = ceph;
        _azurite = azurite;
    }

    [Fact]
    public async Task Home_MigratedUnderLoadAndKilled_IsTheOtherAndKeepsEveryByte()
    {
        await using MountedVolume volume = await PolicyTests.CreateAsync();
        string policy = await PolicyTests.WritePolicyAsync(volume, regionOfThree: "eu");
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await FillAsync(volume);
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();

        // What was synced and noted before the kill must be there after it.
        Task<ProcessOutcome> load = LoadAsync(volume, "killed", 10_000);
        Task<ProcessOutcome> migration = volume.RunAsync("store", "migrate", volume.Root, "one", "two");
        string settings = Path.Combine(volume.Volume, "volume.yaml");
        await Eventually.TrueAsync(async () => (await File.ReadAllTextAsync(settings)).Contains($"{volume.Work}/two", StringComparison.Ordinal), "the address of the home is the other store's");
        await volume.KillAsync();
        await load;
        await migration;
        await volume.MountAsync();
        await AssertSameAsync(volume);
        load = LoadAsync(volume, "again", 20);
        await PolicyTests.ResultAsync(volume, "store", "migrate", volume.Root, "one", "two");
        (await load).EnsureSucceeded();
        await PolicyTests.CopiedAsync(volume);
        JsonElement[] stores = await PolicyTests.StoresAsync(volume);
        Assert.Equal([(false, true), (true, false), (false, false)], stores.Select(static store => (store.GetProperty("home").GetBoolean(), store.GetProperty("mirror").GetBoolean())));
        Assert.Equal(0, PolicyTests.Bytes(stores[0], "alone"));
        Assert.Equal(0, stores[0].GetProperty("placements").GetArrayLength());

        // The former one is given back at once.
        await volume.UnmountAsync();
        await Shell.CheckAsync("mv store gone && rm -r volume/cache", volume.Work);
        await volume.MountAsync();
        await AssertSameAsync(volume);
        await PolicyTests.ResultAsync(volume, "store", "forget", volume.Root, "one", "--yes");
        (await LoadAsync(volume, "zebra", 5)).EnsureSucceeded();
        await PolicyTests.CopiedAsync(volume);
        await AssertSameAsync(volume);
        Assert.DoesNotContain("zebra", volume.Log, StringComparison.Ordinal);
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();

        // And so is the machine.
        await Shell.CheckAsync("mv volume lost", volume.Work);
        (await volume.RunAsync("restore", "--store", $"file://{volume.Work}/two", "--key", $"file:{volume.KeyFile}", volume.Volume)).EnsureSucceeded();
        await Shell.CheckAsync("echo 'region: eu' >> volume/volume.yaml", volume.Work);
        await volume.MountAsync();
        await AssertSameAsync(volume);
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Home_LostForGood_IsReplacedByAMirror()
    {
        await using MountedVolume volume = await PolicyTests.CreateAsync();
        string policy = await PolicyTests.WritePolicyAsync(volume, regionOfThree: "eu");
        await File.WriteAllTextAsync(policy, (await File.ReadAllTextAsync(policy)).Replace("stores: [one]", "stores: [one, two]", StringComparison.Ordinal));
        Assert.Contains("are copied to two", (await volume.RunAsync("policy", "plan", volume.Root, policy)).Text, StringComparison.Ordinal);
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await volume.ShellAsync("for d in phi research raw; do head -c 700000 /dev/urandom > $d/first; done && sync && sha256sum */first > ../sums");
        await PolicyTests.CopiedAsync(volume);
        Assert.Equal(HeldByAnother, (await volume.RunAsync("store", "home", volume.Volume, "two")).ExitCode);
        await volume.UnmountAsync();
        Assert.Equal(Refused, (await volume.RunAsync("store", "home", volume.Volume, "two", "--yes")).ExitCode); // The home answers.

        await Shell.CheckAsync("rm -r store volume/cache", volume.Work);
        ProcessOutcome asked = await volume.RunAsync("store", "home", volume.Volume, "two");
        Assert.Equal(Refused, asked.ExitCode);
        Assert.Contains("it has everything that this machine has published", asked.Describe(), StringComparison.Ordinal);
        (await volume.RunAsync("store", "home", volume.Volume, "two", "--yes")).EnsureSucceeded();
        await volume.MountAsync();
        await AssertSameAsync(volume);
        await PolicyTests.ResultAsync(volume, "store", "forget", volume.Root, "one", "--yes");
        (await LoadAsync(volume, "zebra", 3)).EnsureSucceeded();
        await PolicyTests.CopiedAsync(volume);
        await AssertSameAsync(volume);
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Home_FromOneCloudToAnotherAndBackUnderLoadAndKilledOnTheWay_KeepsEveryByte()
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        string name = await MakeStoresAsync();
        await using FaultProxy way = FaultProxy.Start(_azurite.Endpoint);
        string ceph = _ceph.StoreUrl(name, "volume");
        string azure = _azurite.StoreUrl(name, "volume", way.Endpoint);
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = ceph, Configuration = PolicyTests.Configuration });
        string policy = Path.Combine(volume.Work, "policy.yaml");
        await File.WriteAllTextAsync(
            policy,
            $$"""
            version: 1
            host: {region: here}
            stores:
              ceph: {url: "{{ceph}}", region: here, baa: ours}
              azure: {url: "{{azure}}", region: there, baa: theirs}
            defaults:
              placement: {primary: ceph}
            rules:
              - path: /phi

            """);
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await volume.ShellAsync("mkdir research raw");
        await FillAsync(volume);
        for (int i = 0; i < Passing + 2; i++)
        {
            // Each in a segment of its own: what is there when the volume is unmounted is uploaded.
            await volume.ShellAsync($"head -c 300000 /dev/urandom > raw/{i} && sha256sum raw/{i} >> ../sums");
            await volume.UnmountAsync();
            await volume.MountAsync();
        }

        await KillOnTheWayAsync(volume, name, way);
        foreach ((string from, string to) in new[] { ("ceph", "azure"), ("azure", "ceph") })
        {
            Task<ProcessOutcome> load = LoadAsync(volume, "to-" + to, 25);
            await PolicyTests.ResultAsync(volume, "store", "migrate", volume.Root, from, to);
            await AssertSameAsync(volume);
            (await load).EnsureSucceeded();
            await PolicyTests.CopiedAsync(volume);
            JsonElement[] stores = await PolicyTests.StoresAsync(volume);
            JsonElement home = stores.Single(static store => store.GetProperty("home").GetBoolean());
            Assert.Equal(to, home.GetProperty("name").GetString());
            Assert.Equal(0, PolicyTests.Bytes(stores.Single(store => store.GetProperty("name").GetString() == from), "alone"));
            Assert.Equal(0, await volume.TerminateAsync());
            Directory.Delete(Path.Combine(volume.Volume, "cache"), recursive: true);
            await volume.MountAsync();
            await AssertSameAsync(volume);
        }

        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    private static async Task FillAsync(MountedVolume volume)
    {
        await volume.ShellAsync("for d in phi research raw .; do mkdir -p $d/sub && head -c 700000 /dev/urandom > $d/first && head -c 3000 /dev/urandom > $d/sub/first; done && sync");
        await volume.ShellAsync("find . -type f | xargs sha256sum > ../sums");
    }

    // Each file is read back whole with an older one; its sum is noted outside of the mount once it is synced.
    private static Task<ProcessOutcome> LoadAsync(MountedVolume volume, string name, int files) => Shell.RunAsync(
        $"""
        for i in $(seq {files}); do
          head -c 200000 /dev/urandom > phi/{name}-$i && sync phi/{name}-$i || exit 1
          sha256sum phi/{name}-$i > ../sum && cat ../sum >> ../sums || exit 1
          head -c 50000 /dev/urandom > {name}-$i && sync {name}-$i || exit 1
          sha256sum {name}-$i > ../sum && cat ../sum >> ../sums || exit 1
          cat phi/first research/first > /dev/null || exit 1
        done
        """,
        volume.Root,
        ChildProcess.LongTimeout);

    private static Task<string> AssertSameAsync(MountedVolume volume) => volume.ShellAsync("cp ../sums ../compared && sha256sum --quiet -c ../compared", ChildProcess.LongTimeout);

    // Of the segments that are to be copied some get through before the kill and the others do not: what the stores hold decides when it comes, not the clock.
    private async Task KillOnTheWayAsync(MountedVolume volume, string name, FaultProxy way)
    {
        string[] here = await ListInCephAsync(name);
        Assert.True(here.Length > Passing, $"{here.Length} segments are no way to stop in the middle of");
        int arrived = 0;
        way.Follow(request => request.Verb == "PUT" && here.Any(key => request.Target.Contains(key, StringComparison.Ordinal)) && ++arrived > Passing ? new ProxyFault(ProxyFaultKind.Delay) : null);

        Task<ProcessOutcome> load = LoadAsync(volume, "killed", 10_000);
        Task<ProcessOutcome> migration = volume.RunAsync("store", "migrate", volume.Root, "ceph", "azure");
        await Eventually.TrueAsync(async () => way.Held > 0 && (await ListInAzureAsync(name)).Intersect(here).Any(), "one segment has got through and another is held up");
        await volume.KillAsync();
        await load;
        await migration;
        Assert.InRange((await ListInAzureAsync(name)).Intersect(here).Count(), 1, Passing);

        way.Heal();
        await volume.MountAsync();
        await AssertSameAsync(volume);
    }

    private async Task<string[]> ListInCephAsync(string name)
    {
        using AmazonS3Client client = _ceph.Connect();
        ListObjectsV2Response listed = await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = name, Prefix = "volume/seg/" });
        return [.. listed.S3Objects?.Select(static one => one.Key) ?? []];
    }

    private async Task<string[]> ListInAzureAsync(string name)
    {
        var keys = new List<string>();
        await foreach (BlobItem one in _azurite.Connect(name).GetBlobsAsync(BlobTraits.None, BlobStates.None, "volume/seg/", default))
        {
            keys.Add(one.Name);
        }

        return [.. keys];
    }

    // A bucket and a container of the same name.
    private async Task<string> MakeStoresAsync()
    {
        await _ceph.StartAsync();
        await _azurite.StartAsync();
        string name = "home-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(name);
        await _azurite.Connect(name).CreateAsync();
        return name;
    }
}
