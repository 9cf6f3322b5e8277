using Amazon.S3;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>Bytes that change on the way from a real store to the reader: no checksum of a range tells, so what was sealed must.</summary>
public sealed class FlippedAnswerTests
{
    private const int Flips = 3; // As often as one read is repaired, so that chance decides nothing.

    private readonly CephCluster _ceph;
    private readonly AzuriteServer _azurite;

    public FlippedAnswerTests(CephCluster ceph, AzuriteServer azurite)
    {
        _ceph = ceph;
        _azurite = azurite;
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azblob")]
    public async Task Read_SomeAnswersFlipped_FetchesThemAgainAndReadsTheSame(string scheme)
    {
        (FaultProxy proxy, Func<Uri, string> url) = await StartAsync(scheme);
        await using (proxy)
        {
            await using MountedVolume volume = await CreateAsync(url(proxy.Endpoint));
            proxy.Forget();
            proxy.Add(Flipped with { Count = Flips });

            await volume.ShellAsync("cmp large ../plain");

            Assert.Equal(Flips, proxy.Struck);
            Assert.Contains("is bad in the local cache; fetching it again", volume.Log, StringComparison.Ordinal);
            Assert.DoesNotContain("the range is refused", volume.Log, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azblob")]
    public async Task Read_EveryAnswerFlipped_IsRefusedAndNeverOtherBytes(string scheme)
    {
        (FaultProxy proxy, Func<Uri, string> url) = await StartAsync(scheme);
        await using (proxy)
        {
            await using MountedVolume volume = await CreateAsync(url(proxy.Endpoint));
            proxy.Add(Flipped);

            ProcessOutcome whole = await Shell.RunAsync("cat large > ../copy", volume.Root);
            Assert.Contains("Input/output error", whole.Describe(), StringComparison.Ordinal);
            string copies = Path.Combine(volume.Work, "copies");
            await Shell.CheckAsync("mkdir copies; ln plain copies/large; cmp -n $(stat -c %s copy) copy plain", volume.Work);
            ProcessOutcome pages = await Shell.PythonFileAsync(Path.Combine(PosixCase.Scripts, "read_blocks.py"), "/", ChildProcess.LongTimeout, volume.Root, copies);
            Assert.Matches(@"^large \d+ 0 [1-9]\d*\s*$", pages.EnsureSucceeded().Text); // Right, wrong, refused.
            Assert.Contains("the range is refused", volume.Log, StringComparison.Ordinal);

            // It was the way and not the store: nothing of it stays.
            proxy.Heal();
            await volume.ShellAsync("cmp large ../plain");
        }
    }

    // Every range of data begins with a frame, and is longer than this.
    private static ProxyFault Flipped => new(ProxyFaultKind.FlipAnswer) { Verb = "GET", Target = "/volume/seg/", At = 100 };

    // Nothing of the file "large" is on this machine when it returns, but for the copy "plain".
    private static async Task<MountedVolume> CreateAsync(string url)
    {
        MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = url });
        await volume.ShellAsync("head -c 30000000 /dev/urandom > ../plain; cp ../plain large", ChildProcess.LongTimeout);
        await volume.UnmountAsync();
        Directory.Delete(Path.Combine(volume.Volume, "cache"), recursive: true);
        await volume.MountAsync();
        return volume;
    }

    // A proxy in front of a server with a place for a volume, and the store's URL by way of an address.
    private async Task<(FaultProxy Proxy, Func<Uri, string> Url)> StartAsync(string scheme)
    {
        string name = "flipped-" + Guid.NewGuid().ToString("N")[..12];
        if (scheme == "s3")
        {
            Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
            await _ceph.StartAsync();
            using AmazonS3Client client = _ceph.Connect();
            await client.PutBucketAsync(name);
            return (FaultProxy.Start(_ceph.Http), endpoint => _ceph.StoreUrl(name, "volume", endpoint));
        }

        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await _azurite.StartAsync();
        await _azurite.Connect(name).CreateAsync();
        return (FaultProxy.Start(_azurite.Endpoint), endpoint => _azurite.StoreUrl(name, "volume", endpoint));
    }
}
