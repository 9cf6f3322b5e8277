using System.Diagnostics;
using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>Plain files go from buckets into a mount and out of it again.</summary>
public sealed class TransferTests
{
    private const int PartLength = 5 << 20;

    private static readonly byte[] Whole = RandomBytes(300_000);
    private static readonly byte[] InParts = RandomBytes((3 * PartLength) + 17);

    private readonly CephCluster _ceph;
    private readonly AzuriteServer _azurite;

    public TransferTests(CephCluster ceph, AzuriteServer azurite)
    {
        _ceph = ceph;
        _azurite = azurite;
    }

    [Fact]
    public async Task Import_FromABucketOfOtherPrograms_TakesTheirNamesAndLeavesTheirUploadsAlone()
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        await _ceph.StartAsync();
        string bucket = "import-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(bucket);
        var contents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach ((string key, int length) in new[] { ("Study 1/IMG 0001.DCM", 300_000), ("Größe/1+2=3 100%.txt", 5), ("UPPER/.hidden", 0), ("big.bam", 20_000_000) })
        {
            byte[] content = RandomBytes(length);
            contents[key] = content;
            await client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "in/" + key, InputStream = new MemoryStream(content) });
        }

        foreach (string key in new[] { "in/folder/", "in/a//b", "in/../up" })
        {
            await client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, ContentBody = "no path" });
        }

        await client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = "in/theirs" });
        await using MountedVolume volume = await MountedVolume.CreateAsync();

        ProcessOutcome run = await volume.RunAsync("import", _ceph.StoreUrl(bucket, "in"), volume.Root, "--json");

        Assert.Equal(9, run.ExitCode);
        using JsonDocument document = JsonDocument.Parse(run.Text);
        JsonElement result = document.RootElement.GetProperty("result");
        Assert.Equal(4, result.GetProperty("copied").GetInt32());
        Assert.Equal(4, result.GetProperty("verified").GetInt32());
        Assert.Equal(["../up", "a//b"], result.GetProperty("failures").EnumerateArray().Select(failure => failure.GetProperty("path").GetString()));
        foreach ((string key, byte[] content) in contents)
        {
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(volume.Root, key)));
        }

        await volume.ShellAsync("sha256sum -c <(sed 's/%25/%/' manifest-sha256.txt)");
        ListMultipartUploadsResponse uploads = await client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket });
        Assert.Single(uploads.MultipartUploads);
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azblob")]
    public async Task Import_WhatComesDamagedFromTheWay_IsNotCopied(string scheme)
    {
        (FaultProxy proxy, string url) = await BucketByProxyAsync(scheme);
        await using (proxy)
        {
            await using MountedVolume volume = await MountedVolume.CreateAsync();
            proxy.Add(new ProxyFault(ProxyFaultKind.FlipAnswer) { Verb = "GET", Target = "/in/whole", At = 100 });

            ProcessOutcome damaged = await volume.RunAsync("import", url, volume.Root);
            Assert.Equal(9, damaged.ExitCode);
            Assert.Contains("whole: its content is not what its store says (MD5)", damaged.Text, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(volume.Root, "whole")));
            Assert.Equal(InParts, await File.ReadAllBytesAsync(Path.Combine(volume.Root, "parts")));

            proxy.Heal();
            ProcessOutcome again = await volume.RunAsync("import", url, volume.Root, "--json");
            using JsonDocument document = JsonDocument.Parse(again.EnsureSucceeded().Text);
            Assert.Equal(1, document.RootElement.GetProperty("result").GetProperty("verified").GetInt32());
            Assert.Equal(Whole, await File.ReadAllBytesAsync(Path.Combine(volume.Root, "whole")));
        }
    }

    [Fact]
    public async Task Export_ToAnotherCloud_IsABagThereThatCanBeVerifiedAndImported()
    {
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await _azurite.StartAsync();
        string container = "export-" + Guid.NewGuid().ToString("N")[..12];
        await _azurite.Connect(container).CreateAsync();
        string url = _azurite.StoreUrl(container, "Bag 1");
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("mkdir -p 'Study 1' && head -c 40000000 /dev/urandom > 'Study 1/big.BAM' && echo small > 'Study 1/größe' && : > empty");
        string sums = await volume.ShellAsync("find . -type f | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum");

        (await volume.RunAsync("export", volume.Root, url)).EnsureSucceeded();

        (await volume.RunAsync("verify", url)).EnsureSucceeded();
        string back = Path.Combine(volume.Work, "back");
        (await volume.RunAsync("import", url, back)).EnsureSucceeded();
        Assert.Equal(sums, await Shell.CheckAsync("rm manifest-sha256.txt; find . -type f | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum", back));

        await _azurite.Connect(container).GetBlobClient("Bag 1/data/empty").UploadAsync(BinaryData.FromString("changed"), overwrite: true);
        ProcessOutcome damaged = await volume.RunAsync("verify", url);
        Assert.Equal(6, damaged.ExitCode);
        Assert.Contains("data/empty: its content is not what the manifest says", damaged.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_Killed_IsGoneOnWithWhereItStopped()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string source = Path.Combine(volume.Work, "source");
        Directory.CreateDirectory(source);
        await Shell.CheckAsync("for i in $(seq 1 400); do head -c 200000 /dev/urandom > file-$i; done", source);
        string target = Path.Combine(volume.Root, "in");
        using (Process killed = ChildProcess.Start(
            DriverExecutable.Locate(), ["import", source, target, "--jobs", "2"], new ChildProcessOptions { Environment = volume.Environment }))
        {
            Task<string> words = killed.StandardOutput.ReadToEndAsync();
            Task<string> progress = killed.StandardError.ReadToEndAsync();
            await Eventually.TrueAsync(() => Task.FromResult(Directory.Exists(target) && Directory.EnumerateFiles(target, "file-*").Skip(20).Any()), "some files are copied");
            killed.Kill();
            await killed.WaitForExitAsync();
            await words;
            await progress;
        }

        ProcessOutcome run = await volume.RunAsync("import", source, target, "--json");
        using JsonDocument document = JsonDocument.Parse(run.EnsureSucceeded().Text);
        JsonElement result = document.RootElement.GetProperty("result");
        int unchanged = result.GetProperty("unchanged").GetInt32();
        Assert.InRange(unchanged, 15, 400); // All but the last ones, which may not have been noted.
        Assert.Equal(400, unchanged + result.GetProperty("copied").GetInt32());
        await volume.ShellAsync("cd in && sha256sum -c --quiet manifest-sha256.txt && test $(ls -A | wc -l) = 401");
    }

    // A bucket with an object that was put whole and one in parts.
    private async Task<(FaultProxy Proxy, string Url)> BucketByProxyAsync(string scheme)
    {
        string name = "import-" + Guid.NewGuid().ToString("N")[..12];
        if (scheme == "s3")
        {
            Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
            await _ceph.StartAsync();
            using AmazonS3Client client = _ceph.Connect();
            await client.PutBucketAsync(name);
            await client.PutObjectAsync(new PutObjectRequest { BucketName = name, Key = "in/whole", InputStream = new MemoryStream(Whole) });
            using var transfer = new TransferUtility(client);
            await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = name, Key = "in/parts", InputStream = new MemoryStream(InParts), PartSize = PartLength });
            FaultProxy ceph = FaultProxy.Start(_ceph.Http);
            return (ceph, _ceph.StoreUrl(name, "in", ceph.Endpoint));
        }

        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await _azurite.StartAsync();
        BlobContainerClient container = _azurite.Connect(name);
        await container.CreateAsync();
        await container.GetBlobClient("in/whole").UploadAsync(BinaryData.FromBytes(Whole));
        var inBlocks = new BlobUploadOptions { TransferOptions = new StorageTransferOptions { InitialTransferSize = PartLength, MaximumTransferSize = PartLength } };
        await container.GetBlobClient("in/parts").UploadAsync(new MemoryStream(InParts), inBlocks);
        FaultProxy azurite = FaultProxy.Start(_azurite.Endpoint);
        return (azurite, _azurite.StoreUrl(name, "in", azurite.Endpoint));
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
