using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Amazon.S3;
using HipaaFs.Mount.Tests.Recovery;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>How many requests a store is asked for what programs do: with a cloud each has its price and its round trip.</summary>
/// <remarks>HIPAAFS_COUNTED_MEBIBYTES (512) is the size of the file that is written and read.</remarks>
public sealed class RequestCountTests
{
    private const long MiB = 1L << 20;
    private const double MostGetsPerGibibyte = 150;
    private const double MostGetsAtStart = 16; // Until a reader has read some MiB, he is given as much again and no more.
    private const double MostBytesPerByte = 1.05;
    private const int MostPuts = 20;
    private const long LeastPart = 16 * MiB;
    private const string AThousandFiles = "mkdir study; for i in $(seq 1000); do head -c 65536 /dev/urandom > study/$i; done";

    private readonly CephCluster _ceph;

    public RequestCountTests(CephCluster ceph) => _ceph = ceph;

    private static long Size => Setting("HIPAAFS_COUNTED_MEBIBYTES", 512) * MiB;

    private static double Gibibytes => Size / (double)(1L << 30);

    [Fact]
    public async Task Read_OfALargeFileFromTheStart_TakesFewRequestsAndNoByteTwice()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await WriteLargeAsync(volume);
        await EmptyCacheAsync(volume);
        JsonElement before = await MountFigures.ReadAsync(volume);

        await ReadLargeAsync(volume);

        JsonElement after = await MountFigures.ReadAsync(volume);
        AssertFew(Difference(before, after, "fetches"), Difference(before, after, "fetchedBytes"));
    }

    [Fact]
    public async Task Write_OfAThousandSmallFiles_SharesObjects()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("sync");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        int before = Objects(volume);
        await volume.ShellAsync(AThousandFiles);
        await volume.UnmountAsync();

        Assert.InRange(Objects(volume) - before, 1, MostPuts); // Each is one PUT where a store takes 64 MiB in one, and else less than five.
    }

    [Fact]
    public async Task S3_LargeFileWrittenAndRead_TakesLargePartsAndFewGets()
    {
        await using FaultProxy proxy = await StartProxyAsync();
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = await BucketAsync(proxy) });
        proxy.Forget();
        await WriteLargeAsync(volume);
        await EmptyCacheAsync(volume); // The unmount waits until everything is in the store.
        AssertLargeParts(proxy);
        proxy.Forget();

        await ReadLargeAsync(volume);

        ProxyRequest[] gets = [.. proxy.Requests.Where(static request => request.Verb == "GET")];
        AssertFew(gets.Length, gets.Where(IsOfData).Sum(static get => RangeLength(get)));
    }

    [Fact]
    public async Task S3_WriteOfAThousandSmallFiles_TakesFewPuts()
    {
        await using FaultProxy proxy = await StartProxyAsync();
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = await BucketAsync(proxy) });
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        proxy.Forget();

        await volume.ShellAsync(AThousandFiles, ChildProcess.LongTimeout);
        await volume.UnmountAsync(); // Everything is in the store then, the names too.

        int puts = proxy.CountOf("PUT");
        Report($"{puts} PUTs, {proxy.CountOf("PUT", "partNumber=")} of them parts, and {proxy.CountOf("POST")} POSTs to begin and to complete those");
        Assert.InRange(puts, 1, MostPuts);
        Assert.InRange(proxy.CountOf("POST"), 0, MostPuts);
        Assert.True(proxy.Requests.Where(static request => request.Verb == "PUT" && IsOfData(request)).Sum(static put => BodyLength(put)) >= 1000 * 65536, "the data went another way");
    }

    private static async Task WriteLargeAsync(MountedVolume volume)
    {
        await volume.ShellAsync($"head -c {Size} /dev/urandom > large && sha256sum large > sum", ChildProcess.LongTimeout);
        (await volume.RunAsync(ChildProcess.LongTimeout, null, "sync", volume.Root)).EnsureSucceeded();
    }

    private static async Task EmptyCacheAsync(MountedVolume volume)
    {
        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf -- volume/cache", volume.Work);
        await volume.MountAsync();
    }

    private static Task<string> ReadLargeAsync(MountedVolume volume) => volume.ShellAsync("sha256sum -c --quiet sum", ChildProcess.LongTimeout);

    private static void AssertFew(long gets, long bytes)
    {
        double perByte = bytes / (double)Size;
        string counted = string.Create(CultureInfo.InvariantCulture, $"{gets} GETs, {gets / Gibibytes:F1} a GiB, {perByte:F4} bytes for each byte read");
        Report(counted);
        Assert.True(gets > 1, "nothing was fetched");
        Assert.True(gets <= (MostGetsPerGibibyte * Gibibytes) + MostGetsAtStart, counted);
        Assert.InRange(perByte, 1, MostBytesPerByte);
    }

    // An object goes up in one PUT or in parts, each of them a large one but for the last.
    private static void AssertLargeParts(FaultProxy proxy)
    {
        ProxyRequest[] puts = [.. proxy.Requests.Where(static request => request.Verb == "PUT" && IsOfData(request))];
        ILookup<string, ProxyRequest> uploads = puts.Where(static put => Parameter(put, "uploadId") is not null).ToLookup(static put => Parameter(put, "uploadId")!);
        Report($"{puts.Length} PUTs of data in {uploads.Count} uploads of parts, the smallest {puts.Min(static put => BodyLength(put))} bytes");
        Assert.True(uploads.Count > 0, "nothing went up in parts");
        Assert.InRange(puts.Sum(static put => BodyLength(put)), Size, (long)(Size * MostBytesPerByte));
        foreach (IGrouping<string, ProxyRequest> upload in uploads)
        {
            long[] lengths = [.. upload.OrderBy(static put => int.Parse(Parameter(put, "partNumber")!, CultureInfo.InvariantCulture)).Select(static put => BodyLength(put))];
            Assert.All(lengths[..^1], static length => Assert.InRange(length, LeastPart, long.MaxValue));
        }
    }

    private static bool IsOfData(ProxyRequest request) => request.Path.Contains("/seg/", StringComparison.Ordinal);

    private static long BodyLength(ProxyRequest request) => long.Parse(request.Header("Content-Length")!, CultureInfo.InvariantCulture);

    private static long RangeLength(ProxyRequest request)
    {
        RangeItemHeaderValue range = RangeHeaderValue.Parse(request.Header("Range")!).Ranges.Single();
        return range.To!.Value - range.From!.Value + 1;
    }

    private static string? Parameter(ProxyRequest request, string name) =>
        request.Target.Split('?', '&').Skip(1).Select(static pair => pair.Split('=', 2)).FirstOrDefault(pair => pair[0] == name)?[1];

    private static void Report(string counted) => TestContext.Current.TestOutputHelper?.WriteLine(counted);

    private static long Difference(JsonElement before, JsonElement after, string figure) =>
        after.GetProperty(figure).GetInt64() - before.GetProperty(figure).GetInt64();

    private static int Objects(MountedVolume volume) => Directory.GetFiles(volume.Store, "*", SearchOption.AllDirectories).Length;

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;

    private async Task<FaultProxy> StartProxyAsync()
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        await _ceph.StartAsync();
        return FaultProxy.Start(_ceph.Http);
    }

    private async Task<string> BucketAsync(FaultProxy proxy)
    {
        string bucket = "counted-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(bucket);
        return _ceph.StoreUrl(bucket, "volume", proxy.Endpoint);
    }
}
