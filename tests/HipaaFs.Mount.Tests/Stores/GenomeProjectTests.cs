using System.Text.Json;
using Amazon.S3;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>
/// A genome project over its life, on a real S3 gateway and two servers of Azure's protocol: patients' data in one region with a synchronous replica, research data on two clouds, raw reads that go
/// to an archive after a day. A store is killed under load and comes back, another is migrated away, the archive is recalled; what samtools says never differs.
/// </summary>
public sealed class GenomeProjectTests
{
    // Reads, their alignment and what is asked of it later; relative paths, so that a local directory gives the same bytes.
    private const string Make = """
        mkdir -p phi research raw
        $python "$scripts/genome.py" research/ref.fa
        wgsim -S 11 -N 6000 -1 100 -2 100 -r 0.002 research/ref.fa r1.fq r2.fq > /dev/null 2>&1
        samtools faidx research/ref.fa
        bwa index research/ref.fa 2> /dev/null
        bwa mem -t 1 -R '@RG\tID:1\tSM:sample' research/ref.fa r1.fq r2.fq 2> /dev/null | samtools sort --no-PG -m 4M -T sorting -o phi/sample.bam - 2> /dev/null
        samtools index phi/sample.bam
        gzip -n < r1.fq > raw/sample_R1.fastq.gz
        gzip -n < r2.fq > raw/sample_R2.fastq.gz
        seq 1 200000 > raw/run.log
        rm r1.fq r2.fq
        """;

    private const string Ask = """
        samtools quickcheck -v phi/sample.bam
        samtools flagstat phi/sample.bam
        for region in chr1:1000-5000 chr2 chrM:16000-16569; do samtools view --no-PG phi/sample.bam $region; done | sha256sum
        samtools faidx research/ref.fa chr1:1000-1200 chr2:500-600 | sha256sum
        """;

    private const string Sums = "find . -type f | LC_ALL=C sort | xargs sha256sum";

    private readonly CephCluster _ceph;
    private readonly AzuriteServer _azurite;

    public GenomeProjectTests(CephCluster ceph, AzuriteServer azurite)
    {
        _ceph = ceph;
        _azurite = azurite;
    }

    [Fact]
    public async Task Project_OverItsLife_KeepsEveryByte()
    {
        MountPrerequisites.RequirePrograms("samtools", "bwa", "wgsim");
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await using var local = new LocalDirectory();
        string reference = await local.NewDirectoryAsync("work");
        await Shell.CheckAsync(WithTools(Make), reference, ChildProcess.LongTimeout);
        string answers = await Shell.CheckAsync(Ask, reference);
        string sums = await Shell.CheckAsync(Sums, reference);
        await using AzuriteServer mortal = AzuriteServer.In(await local.NewDirectoryAsync("azurite"));
        (string own, string next, string twin, string other) = await MakeStoresAsync(mortal);
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = own, Configuration = "region: here\n" });
        string policy = await WritePolicyAsync(volume, own, next, twin, other);
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");

        await volume.ShellAsync(WithTools(Make), ChildProcess.LongTimeout);
        await AssertSameAsync(volume, answers, sums);
        await PolicyTests.CopiedAsync(volume);
        Assert.Equal(0, await PolicyTests.MisplacedAsync(volume));

        // The first cloud of the research data dies while it is read and written; the reads find the second.
        await EmptyCacheAsync(volume);
        Task<string> load = volume.ShellAsync("for i in $(seq 40); do head -c 300000 /dev/urandom > research/load-$i && cat research/ref.fa phi/sample.bam | sha256sum && sync; done | sort -u", ChildProcess.LongTimeout);
        await mortal.KillAsync();
        await AssertSameAsync(volume, answers, null);
        Assert.Single((await load).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await Eventually.TrueAsync(async () => (await StoreAsync(volume, "other")).GetProperty("away").GetBoolean(), "it is seen that a store is away");
        string loaded = await volume.ShellAsync("sha256sum research/load-*");

        // It comes back under load: files are written until it is seen to be back, and one more; and read until it has what it missed.
        string back = Path.Combine(volume.Work, "back");
        string copied = Path.Combine(volume.Work, "copied");
        string again = Path.Combine(volume.Work, "again");
        Task<string> second = volume.ShellAsync(
            $$"""
            look() { cat research/ref.fa phi/sample.bam | sha256sum; }
            i=0
            while [ ! -e '{{back}}' ]; do i=$((i+1)); head -c 30000 /dev/urandom > ../chunk; cat ../chunk > research/again-$i; sync research/again-$i; (cd ..; sha256sum chunk) | sed "s:chunk:research/again-$i:" >> '{{again}}'; look; done > ../looks
            head -c 30000 /dev/urandom > ../chunk; cat ../chunk > research/again-last; (cd ..; sha256sum chunk) | sed "s:chunk:research/again-last:" >> '{{again}}'
            while look >> ../looks; [ ! -e '{{copied}}' ]; do :; done
            sort -u ../looks
            """,
            ChildProcess.LongTimeout);
        await Eventually.TrueAsync(() => File.Exists(again) || second.IsCompleted, "the load runs");
        await mortal.StartAsync();
        await Eventually.TrueAsync(async () => second.IsCompleted || !(await StoreAsync(volume, "other")).GetProperty("away").GetBoolean(), "it is seen that the store is back");
        Assert.False(second.IsCompleted);
        await File.WriteAllTextAsync(back, string.Empty);
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(volume.Root, "research", "again-last")) || second.IsCompleted, "a file was written since");
        await PolicyTests.CopiedAsync(volume);
        Assert.False(second.IsCompleted);
        await File.WriteAllTextAsync(copied, string.Empty);
        Assert.Single((await second).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await PolicyTests.CopiedAsync(volume);

        // Azurite writes its list of blobs down every five seconds, so one that is killed forgets what it took last: the first look may find that and copy it again, the second finds all there.
        await PolicyTests.ResultAsync(volume, "store", "verify", volume.Root, "other");
        JsonElement verified = await PolicyTests.ResultAsync(volume, "store", "verify", volume.Root, "other");
        Assert.Equal(0, verified.GetProperty("found").GetProperty("repairedSegments").GetInt64());
        await EmptyCacheAsync(volume);
        Assert.Equal(loaded, await volume.ShellAsync("sha256sum research/load-* && rm research/load-*", ChildProcess.LongTimeout));
        await volume.ShellAsync($"sha256sum -c --quiet '{again}' && rm research/again-*", ChildProcess.LongTimeout);

        // That cloud is given notice.
        await PolicyTests.ResultAsync(volume, "store", "migrate", volume.Root, "other", "next");
        await AssertSameAsync(volume, answers, sums);
        await PolicyTests.CopiedAsync(volume);
        Assert.Equal(0, PolicyTests.Bytes(await StoreAsync(volume, "other"), "alone"));
        await mortal.KillAsync();
        await EmptyCacheAsync(volume);
        await AssertSameAsync(volume, answers, sums);
        await PolicyTests.ResultAsync(volume, "store", "forget", volume.Root, "other", "--yes");

        // Two days later.
        string then = TimeProvider.System.GetUtcNow().AddDays(2).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        JsonElement due = await PolicyTests.ResultAsync(volume, "policy", "transition", volume.Root, "--as-of", then, "--dry-run");
        Assert.Equal(2, due.GetProperty("steps").EnumerateArray().Single().GetProperty("files").GetInt64());
        await PolicyTests.ResultAsync(volume, "policy", "transition", volume.Root, "--as-of", then, "--yes");
        await Eventually.TrueAsync(async () => await PolicyTests.MisplacedAsync(volume) == 0, "the raw reads are in the archive");
        await PolicyTests.CopiedAsync(volume);
        await EmptyCacheAsync(volume);
        Assert.Equal("archived", await StateAsync(volume, "raw/sample_R1.fastq.gz"));
        foreach (string command in new[] { "cat raw/sample_R1.fastq.gz", "tar -S -c raw/sample_R1.fastq.gz | cat > /dev/null", "cp --sparse=auto raw/sample_R2.fastq.gz ../copied" })
        {
            ProcessOutcome refused = await Shell.RunAsync(command, volume.Root);
            Assert.Contains("Object is remote", refused.Describe(), StringComparison.Ordinal);
        }

        Assert.Equal("200000", (await volume.ShellAsync("tail -n 1 raw/run.log")).Trim());

        string manifest = Path.Combine(volume.Work, "manifest");
        await File.WriteAllLinesAsync(manifest, ["raw/sample_R1.fastq.gz", "raw/sample_R2.fastq.gz"]);
        await PolicyTests.ResultAsync(volume, "recall", volume.Root, "--manifest", manifest, "--days", "3", "--wait");
        await AssertSameAsync(volume, answers, sums);
        JsonElement cost = (await PolicyTests.ResultAsync(volume, "cost", volume.Root)).GetProperty("stores").EnumerateArray().Single(static store => store.GetProperty("name").GetString() == "twin");
        Assert.Contains(
            cost.GetProperty("tiers").EnumerateArray(),
            static tier => tier.GetProperty("tier").GetString() == "archive" && tier.GetProperty("bytes").GetInt64() > 0 && tier.GetProperty("month").GetDecimal() > 0);
        Assert.True(cost.GetProperty("thisMonth").GetProperty("requests").GetInt64() > 0);
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    private static string WithTools(string script) => $"scripts='{PosixCase.Scripts}'\npython='{Shell.Python}'\n{script}";

    private static async Task AssertSameAsync(MountedVolume volume, string answers, string? sums)
    {
        Assert.Equal(answers, await volume.ShellAsync(Ask, ChildProcess.LongTimeout));
        if (sums is not null)
        {
            Assert.Equal(sums, await volume.ShellAsync(Sums, ChildProcess.LongTimeout));
        }
    }

    private static async Task EmptyCacheAsync(MountedVolume volume)
    {
        Assert.Equal(0, await volume.TerminateAsync());
        Directory.Delete(Path.Combine(volume.Volume, "cache"), recursive: true);
        await volume.MountAsync();
    }

    private static async Task<string> StateAsync(MountedVolume volume, string file) =>
        (await Shell.PythonAsync("import os, sys; print(os.getxattr(sys.argv[1], 'user.hipaafs.state').decode())", volume.Root, null, file)).EnsureSucceeded().Text.Trim();

    private static async Task<JsonElement> StoreAsync(MountedVolume volume, string name) =>
        (await PolicyTests.StoresAsync(volume)).Single(store => store.GetProperty("name").GetString() == name);

    private async Task<(string Own, string Next, string Twin, string Other)> MakeStoresAsync(AzuriteServer mortal)
    {
        await _ceph.StartAsync();
        await _azurite.StartAsync();
        await mortal.StartAsync();
        string name = "project-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(name + "-a");
        await client.PutBucketAsync(name + "-b");
        await _azurite.Connect(name).CreateAsync();
        await mortal.Connect(name).CreateAsync();
        return (_ceph.StoreUrl(name + "-a", "volume"), _ceph.StoreUrl(name + "-b", "volume"), _azurite.StoreUrl(name, "volume"), mortal.StoreUrl(name, "volume"));
    }

    private static async Task<string> WritePolicyAsync(MountedVolume volume, string own, string next, string twin, string other)
    {
        string policy = Path.Combine(volume.Work, "policy.yaml");
        await File.WriteAllTextAsync(
            policy,
            $$"""
            version: 1
            currency: EUR
            host: {region: here}
            metadata: {stores: [own]}
            stores:
              own: {url: "{{own}}", region: here, baa: ours}
              twin: {url: "{{twin}}", region: here, baa: theirs, prices: {storage: {hot: 0.02, archive: 0.002}, retrieval: {archive: {standard: 0.02} } } }
              other: {url: "{{other}}", region: there}
              next: {url: "{{next}}", region: there}
            defaults:
              placement: {primary: own}
            rules:
              - path: /phi
                regions: [here]
                placement:
                  replicas: [{store: twin, mode: sync}]
              - path: /research
                classification: deidentified
                placement:
                  primary: other
                  replicas: [{store: own, mode: async}]
              - path: /raw
                archive: {on_open: fail}
                files:
                  - match: ["*.fastq.gz"]
                    transitions:
                      - {tier: archive, store: twin, after: 1d}
            """);
        return policy;
    }
}
