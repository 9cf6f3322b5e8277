using Amazon.S3;
using Amazon.S3.Model;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>Volumes whose store is a real object server: nothing that a mount promises depends on where the objects are.</summary>
public sealed class CloudStoreTests
{
    // Small files that share objects, and one that goes up in parts.
    private const string MakeTree = """
        mkdir -p small
        for i in $(seq 1 200); do head -c 20000 /dev/urandom > small/file-$i; done
        head -c 90000000 /dev/urandom > large
        ln -s large link
        sync
        """;

    private const string Sums = "find . -type f | LC_ALL=C sort | xargs sha256sum";

    private readonly CephCluster _ceph;
    private readonly AzuriteServer _azurite;

    public CloudStoreTests(CephCluster ceph, AzuriteServer azurite)
    {
        _ceph = ceph;
        _azurite = azurite;
    }

    [Fact]
    public async Task S3_WrittenAndReadBackWithoutCache_AndRestoredFromTheStoreAlone_IsTheSame()
    {
        (string url, _) = await BucketAsync();
        await WriteReadAndRestoreAsync(url);
    }

    [Fact]
    public async Task Azure_WrittenAndReadBackWithoutCache_AndRestoredFromTheStoreAlone_IsTheSame()
    {
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await _azurite.StartAsync();
        string container = "mount-" + Guid.NewGuid().ToString("N")[..12];
        await _azurite.Connect(container).CreateAsync();
        await WriteReadAndRestoreAsync(_azurite.StoreUrl(container, "volume"));
    }

    [Fact]
    public async Task S3_AThousandSmallFiles_AreAFewObjects()
    {
        (string url, string bucket) = await BucketAsync();
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = url });
        await volume.ShellAsync("mkdir study; for i in $(seq 1 1000); do head -c 65536 /dev/urandom > study/slice-$i; done", ChildProcess.LongTimeout);
        await volume.UnmountAsync();

        using AmazonS3Client client = _ceph.Connect();
        ListObjectsV2Response segments = await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket, Prefix = "volume/seg/" });
        Assert.InRange(segments.S3Objects.Count, 1, 10);
    }

    private static async Task WriteReadAndRestoreAsync(string url)
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = url });
        await volume.ShellAsync(MakeTree, ChildProcess.LongTimeout);
        string written = await volume.ShellAsync(Sums, ChildProcess.LongTimeout);
        await volume.UnmountAsync();

        Directory.Delete(Path.Combine(volume.Volume, "cache"), recursive: true);
        await volume.MountAsync();
        Assert.Equal(written, await volume.ShellAsync(Sums, ChildProcess.LongTimeout));
        await volume.UnmountAsync();

        Directory.Delete(volume.Volume, recursive: true);
        (await volume.RunAsync("restore", "--store", url, "--key", "file:" + volume.KeyFile, volume.Volume)).EnsureSucceeded();
        await volume.MountAsync();
        Assert.Equal(written, await volume.ShellAsync(Sums, ChildProcess.LongTimeout));
        Assert.Equal("large", (await volume.ShellAsync("readlink link")).Trim());
        await volume.UnmountAsync();
        ProcessOutcome fsck = await volume.RunAsync("fsck", volume.Volume);
        Assert.True(fsck.Succeeded, fsck.Describe());
    }

    private async Task<(string Url, string Bucket)> BucketAsync()
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        await _ceph.StartAsync();
        string bucket = "mount-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(bucket);
        return (_ceph.StoreUrl(bucket, "volume"), bucket);
    }
}
