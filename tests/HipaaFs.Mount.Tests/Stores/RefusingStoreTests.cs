using System.Text.Json;
using Amazon.S3;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>A mount whose store refuses: it comes about, since what is on this machine can be used without a store, and says what is wrong.</summary>
public sealed class RefusingStoreTests
{
    private readonly CephCluster _ceph;

    public RefusingStoreTests(CephCluster ceph) => _ceph = ceph;

    [Fact]
    public async Task WrongSecret_IsToldByMountStatusAndRestore_AndTheRightOneIsTakenOver()
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        await _ceph.StartAsync();
        string bucket = "refusing-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(bucket);
        using var scratch = new ScratchDirectory();
        string profiles = scratch["credentials"];
        Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", profiles);
        WriteProfile(profiles, CephCluster.SecretKey);
        string url = _ceph.StoreUrl(bucket, "volume") + "&profile=refusing";
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = url, Mount = false });
        WriteProfile(profiles, "another");

        ProcessOutcome mounted = (await volume.RunAsync("mount", volume.Volume, volume.Root)).EnsureSucceeded();

        const string problem = "the secret of the credentials is wrong";
        string told = Assert.Single(mounted.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith($"hipaafs: the store {url} cannot be used: {problem}: check the secret key", told, StringComparison.Ordinal);
        Assert.Matches($"STORE +{problem}: check the secret key", (await StatusAsync(volume)).Text);
        JsonElement figures = JsonDocument.Parse((await StatusAsync(volume, "--json")).Text).RootElement.GetProperty("result")[0].GetProperty("figures");
        Assert.Equal(problem, figures.GetProperty("storeProblem").GetString());
        Assert.StartsWith("check the secret key", figures.GetProperty("storeAction").GetString()!, StringComparison.Ordinal);
        ProcessOutcome scrubbed = await volume.RunAsync("scrub", volume.Root);
        Assert.Equal(5, scrubbed.ExitCode);
        Assert.Contains($"The store stopped answering ({problem}: check the secret key", scrubbed.Text, StringComparison.Ordinal);
        ProcessOutcome restored = await volume.RunAsync("restore", "--store", url, "--key", "file:" + volume.KeyFile, Path.Combine(volume.Work, "restored"));
        Assert.Equal(5, restored.ExitCode);
        Assert.Contains($"restore from {url}: {problem}", restored.Error, StringComparison.Ordinal);

        await volume.ShellAsync("echo kept > file");
        WriteProfile(profiles, CephCluster.SecretKey);
        await Eventually.TrueAsync(async () => (await StatusAsync(volume)).Text.Contains("store           reachable", StringComparison.Ordinal), "the credentials are taken over");
        await volume.UnmountAsync();
    }

    [Theory]
    [InlineData(400, "AuthorizationHeaderMalformed", "the bucket is in another region")]
    [InlineData(403, "RequestTimeTooSkewed", "this machine's clock and the store's differ too much")]
    [InlineData(503, "SlowDown", null)] // May be over in a moment.
    public async Task Mount_SaysWhatLasts(int status, string code, string? problem)
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", CephCluster.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", CephCluster.SecretKey);
        await using FaultProxy proxy = FaultProxy.Start(new Uri("http://127.0.0.1:9")); // Nothing is behind it.
        proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = status, Code = code });
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        string url = $"s3://bucket/volume?endpoint={Uri.EscapeDataString(proxy.Endpoint.ToString())}&region=us-east-1";

        ProcessOutcome mounted = (await volume.RunAsync("mount", volume.Volume, volume.Root, "-o", $"store={url}")).EnsureSucceeded();

        if (problem is null)
        {
            Assert.Equal(string.Empty, mounted.Error);
        }
        else
        {
            Assert.Contains($"the store {url} cannot be used: {problem}", Assert.Single(mounted.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
            Assert.Contains(problem, (await StatusAsync(volume)).Text, StringComparison.Ordinal);
        }

        (await volume.RunAsync("umount", "--now", volume.Root)).EnsureSucceeded();
    }

    private static async Task<ProcessOutcome> StatusAsync(MountedVolume volume, params string[] options) =>
        (await volume.RunAsync(["status", volume.Root, .. options])).EnsureSucceeded();

    // As rotation does it: a new file in the place of the old one.
    private static void WriteProfile(string file, string secret)
    {
        File.WriteAllText(file + ".new", $"[refusing]\naws_access_key_id = {CephCluster.AccessKey}\naws_secret_access_key = {secret}\n");
        File.Move(file + ".new", file, overwrite: true);
    }
}
