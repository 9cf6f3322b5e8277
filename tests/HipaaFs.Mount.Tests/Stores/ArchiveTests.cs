using System.Globalization;
using System.Text.Json;
using Amazon.S3;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Archives;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>Archived files on a mount, as programs see them. The emulator refuses to read archived blobs as Azure does, and brings them back at once.</summary>
public sealed class ArchiveTests
{
    private const string Remote = "Object is remote"; // EREMOTE in strerror(3).
    private const int TarDiffers = 1; // GNU tar: a file changed while it was read.
    private const int TarFatal = 2; // GNU tar: something could not be read.
    private const int RsyncPartial = 23; // rsync(1): partial transfer due to error.

    private readonly string _container = "archive-" + Guid.NewGuid().ToString("N")[..12];
    private readonly AzuriteServer _azurite;
    private readonly CephCluster _ceph;

    public ArchiveTests(AzuriteServer azurite, CephCluster ceph)
    {
        _azurite = azurite;
        _ceph = ceph;
    }

    [Fact]
    public async Task Copy_Archived_FailsAndLeavesNoZeroes()
    {
        await using MountedVolume volume = await CreateAsync("fail");
        await AssertTarLeavesItOutAsync(volume, "tar -cSf \"$out\" plain raw/reads");
        await AssertTarLeavesItOutAsync(volume, "tar -cf \"$out\" plain raw/reads");
        await AssertNoCopyAsync(volume, "cp --sparse=auto raw/reads \"$out\"");
        await AssertNoCopyAsync(volume, "cp --reflink=never raw/reads \"$out\"");
        await AssertNoCopyAsync(volume, "cat raw/reads > \"$out\"");
        await AssertNoCopyAsync(volume, "dd if=raw/reads of=\"$out\" conv=sparse status=none");
        Assert.DoesNotContain("\"Error\"", volume.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rsync_Archived_FailsAndLeavesNoZeroes()
    {
        Assert.SkipWhen(!(await Shell.RunAsync("command -v rsync", "/")).Succeeded, "rsync is not installed");
        await using MountedVolume volume = await CreateAsync("fail");
        await AssertNoCopyAsync(volume, "rsync -S raw/reads \"$out\"", exitCode: RsyncPartial);
        await AssertNoCopyAsync(volume, "rsync --inplace raw/reads \"$out\"", exitCode: RsyncPartial);
    }

    // GNU tar takes a read that ends early for the end of a file that became shorter; an error it sees where one of its reads begins at the end of the head, and they end with its records of 10 KiB, of which the first has a header.
    [Theory]
    [InlineData("1023488", (100 * 10_240) - 512, TarFatal, Remote)]
    [InlineData("1000KB", 1_000_000, TarDiffers, "File shrank by 2000000 bytes")]
    public async Task KeepHead_Tar_SaysSoAndPadsWhatItCouldNotRead(string head, int bytes, int exitCode, string said)
    {
        await using MountedVolume volume = await CreateAsync("fail", head);
        foreach (string options in (string[])["-cSf", "-cf"])
        {
            ProcessOutcome outcome = await RunCopyAsync(volume, $"tar {options} \"$out\" raw/reads");
            Assert.True(outcome.ExitCode == exitCode, outcome.Describe());
            Assert.Contains(said, outcome.Error, StringComparison.Ordinal);

            // What it got is right; the rest it fills up to what it announced, as of every file that it cannot read to its end.
            await Shell.CheckAsync(
                $"mkdir tree; tar -xf copy -C tree; cmp -n {bytes} tree/raw/reads '{volume.Root}/plain'; ! cmp -s tree/raw/reads '{volume.Root}/plain'; rm -r tree copy", volume.Work);
        }
    }

    [Fact]
    public async Task KeepHead_Rsync_FailsAndLeavesNothingThatLooksWhole()
    {
        Assert.SkipWhen(!(await Shell.RunAsync("command -v rsync", "/")).Succeeded, "rsync is not installed");
        await using MountedVolume volume = await CreateAsync("fail", head: "1000KB");
        await AssertNoCopyAsync(volume, "rsync raw/reads \"$out\"", exitCode: RsyncPartial);
        await AssertNoCopyAsync(volume, "rsync -S raw/reads \"$out\"", exitCode: RsyncPartial);
        Assert.Empty(Directory.GetFiles(volume.Work, ".copy*")); // The name under which it receives.
        foreach (string options in (string[])["--partial", "--inplace"])
        {
            ProcessOutcome outcome = await RunCopyAsync(volume, $"rsync {options} raw/reads \"$out\"");
            Assert.True(outcome.ExitCode == RsyncPartial, outcome.Describe());
            Assert.Contains(Remote, outcome.Describe(), StringComparison.Ordinal);
            await Shell.CheckAsync($"! cmp -s copy '{volume.Root}/plain'; rm -f copy", volume.Work);
        }
    }

    [Fact]
    public async Task Archived_AttributesAndRecall_ReadTheSameBytesAgain()
    {
        await using MountedVolume volume = await CreateAsync("fail");
        const string look = """
            import os, sys
            path = sys.argv[1]
            status = os.stat(path)
            get = lambda name: os.getxattr(path, "user.hipaafs." + name).decode()
            print(status.st_size, status.st_blocks > 0, get("tier"), get("state"), os.listxattr(path))
            """;
        async Task<string> LookAsync() => (await Shell.PythonAsync(look, volume.Root, null, "raw/reads")).EnsureSucceeded().Text.Trim();
        Assert.Equal("3000000 True archive archived []", await LookAsync());
        string cost = (await Shell.PythonAsync("import os; print(os.getxattr('raw/reads', 'user.hipaafs.recall_cost').decode())", volume.Root)).EnsureSucceeded().Text;
        Assert.Matches(@"^0\.05\d* EUR\s*$", cost);

        JsonElement would = await PolicyTests.ResultAsync(volume, "recall", volume.Root, Path.Combine(volume.Root, "raw"), "--dry-run");
        Assert.Equal((1, 1L), (would.GetProperty("files").GetInt32(), would.GetProperty("archived").GetInt64()));
        JsonElement request = would.GetProperty("requests").EnumerateArray().Single();
        Assert.Equal(("vault", "EUR"), (request.GetProperty("store").GetString(), request.GetProperty("currency").GetString()));
        Assert.Equal(Math.Round((0.6m / 1000) + (request.GetProperty("bytes").GetDecimal() / (1L << 30) * 20m), 8), request.GetProperty("cost").GetDecimal());
        Assert.Equal("3000000 True archive archived []", await LookAsync());

        string text = (await volume.RunAsync("recall", Path.Combine(volume.Root, "raw"), "--dry-run")).Text; // The mount that it lies in.
        Assert.Contains("bulk       usually within 15 hours, no promise; no price in the policy", text, StringComparison.Ordinal);
        Assert.Contains("standard   usually within 15 hours, no promise; 0.06 EUR", text, StringComparison.Ordinal);
        Assert.Contains("expedited  usually within 1 hour, no promise; 0.34 EUR", text, StringComparison.Ordinal);

        string list = Path.Combine(volume.Work, "list");
        await File.WriteAllTextAsync(list, "raw/reads\n");
        ProcessOutcome recall = await volume.RunAsync("recall", volume.Root, "--manifest", list, "--speed", "expedited", "--days", "2", "--wait");
        Assert.Equal(0, recall.ExitCode);
        Assert.Contains("1 is back", recall.Text, StringComparison.Ordinal);
        Assert.Equal("3000000 True archive recalled []", await LookAsync());
        await volume.ShellAsync("cmp raw/reads plain");

        Assert.Equal(8, (await volume.RunAsync("recall", volume.Root, Path.Combine(volume.Root, "none"))).ExitCode);
        Assert.Equal(2, (await volume.RunAsync("recall", volume.Root, volume.Work)).ExitCode);
        Assert.Equal(2, (await volume.RunAsync("recall", volume.Root)).ExitCode);
    }

    [Fact]
    public async Task Recall_PassesTheBudget_IsRefusedBeforeTheStoreIsAskedAndCountedWhenItIsNot()
    {
        // 3 MB at 20 a GiB are 0.056, at 120 they are 0.336.
        await using MountedVolume volume = await CreateAsync("fail", budget: "{month: {money: 0.30}, stop: [recall]}");
        string raw = Path.Combine(volume.Root, "raw");

        ProcessOutcome refused = await volume.RunAsync("recall", volume.Root, raw, "--speed", "expedited");
        Assert.Equal(10, refused.ExitCode);
        Assert.Contains("store vault would charge 0.34 EUR for it, and 0.30 of the 0.30 EUR of its budget for this month are left", refused.Describe(), StringComparison.Ordinal);
        Assert.Contains("--dry-run", refused.Describe(), StringComparison.Ordinal);
        ProcessOutcome would = await volume.RunAsync("recall", volume.Root, raw, "--speed", "expedited", "--dry-run");
        Assert.Equal(0, would.ExitCode);
        Assert.Contains("this is refused as it is", would.Text, StringComparison.Ordinal);
        Assert.Equal(0, await RestoredAsync());

        (await volume.RunAsync("recall", volume.Root, raw, "--wait")).EnsureSucceeded();
        await volume.ShellAsync("cmp raw/reads plain");
        Assert.InRange(await RestoredAsync(), 3_000_000, 3_200_000);
        Assert.Contains("(0.06 of it for bringing back)", (await volume.RunAsync("cost", volume.Root)).Text, StringComparison.Ordinal);

        async Task<long> RestoredAsync()
        {
            JsonElement cost = await PolicyTests.ResultAsync(volume, "cost", volume.Root);
            return cost.GetProperty("stores").EnumerateArray().Single(static store => store.GetProperty("name").GetString() == "vault").GetProperty("thisMonth").GetProperty("restoredBytes").GetInt64();
        }
    }

    [Theory]
    [InlineData("recall")]
    [InlineData("block")]
    public async Task Open_PolicyBringsItBack_ReadsTheSameBytesInTheEnd(string behaviour)
    {
        await using MountedVolume volume = await CreateAsync(behaviour);
        ProcessOutcome blocked = await Shell.RunAsync("dd if=raw/reads of=/dev/null status=none", volume.Root);
        Assert.Contains(Remote, blocked.Describe(), StringComparison.Ordinal);
        string program = behaviour == "block" ? "cmp raw/reads plain" : "until cmp raw/reads plain 2> \"$errors\"; do grep -q 'in progress' \"$errors\"; done";
        await Shell.CheckAsync($"errors='{volume.Work}/errors'; cd '{volume.Root}'; {program}", volume.Work, ChildProcess.LongTimeout);
    }

    [Fact]
    public async Task S3_RecallTakesItsTime_ReadsTheSameBytesUntilTheCopyExpires()
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        await _ceph.StartAsync();
        string bucket = "archive-" + Guid.NewGuid().ToString("N")[..12];
        using AmazonS3Client client = _ceph.Connect();
        await client.PutBucketAsync(bucket);
        await using ArchiveProxy proxy = ArchiveProxy.Start(_ceph.Http, client, TimeProvider.System);
        await using MountedVolume volume = await CreateOnAsync($"s3://{bucket}/volume?endpoint={Uri.EscapeDataString(proxy.Endpoint.ToString())}&region=us-east-1", "fail");
        Assert.Contains(Remote, (await Shell.RunAsync("cat raw/reads > /dev/null", volume.Root)).Describe(), StringComparison.Ordinal);
        string raw = Path.Combine(volume.Root, "raw");

        ProcessOutcome asked = await volume.RunAsync("recall", volume.Root, raw, "--speed", "bulk", "--days", "2");
        Assert.Equal(0, asked.ExitCode);
        Assert.Contains("bulk       usually 5 to 12 hours, no promise; no price in the policy", asked.Text, StringComparison.Ordinal);
        Assert.Contains("1 object is on the way", asked.Text, StringComparison.Ordinal);
        Assert.Contains(Remote, (await Shell.RunAsync("cat raw/reads > /dev/null", volume.Root)).Describe(), StringComparison.Ordinal);

        Assert.Equal(1, proxy.Finish());
        ProcessOutcome back = await volume.RunAsync("recall", volume.Root, raw, "--speed", "expedited", "--days", "2"); // Asking again finds it back at once.
        Assert.Contains("1 is back", back.Text, StringComparison.Ordinal);
        await volume.ShellAsync("cmp raw/reads plain");
        await volume.UnmountAsync();
        Directory.Delete(Path.Combine(volume.Volume, "cache"), recursive: true);
        await volume.MountAsync();
        Assert.Equal(1, proxy.Expire()); // Before its time: what the store says is right.
        Assert.Contains(Remote, (await Shell.RunAsync("cat raw/reads > /dev/null", volume.Root)).Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeepHead_ReadsTheBeginningAndFailsPastIt()
    {
        await using MountedVolume volume = await CreateAsync("fail", head: "1000KB");
        const string look = """
            import errno, mmap, os, signal
            plain = open("plain", "rb").read()
            head = 1000000
            file = os.open("raw/reads", os.O_RDONLY)
            parts = [os.pread(file, 65536, offset) for offset in range(0, head, 65536)]
            print(b"".join(parts) == plain[:head])
            print(os.pread(file, 2000000, 0) == plain[:head], os.pread(file, 4096, head - 1) == plain[head - 1:head])
            pages = mmap.mmap(file, 0, prot=mmap.PROT_READ)
            print(pages[:5000] == plain[:5000])
            for offset in (head - 1, head, 2000000):
                child = os.fork()
                if child == 0:
                    print(pages[offset:offset + 1], flush=True)
                    os._exit(0)
                print(signal.Signals(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1).name)
            for offset in (head, len(plain) - 10):
                try:
                    os.pread(file, 4096, offset)
                    print("read", offset)
                except OSError as error:
                    print(errno.errorcode[error.errno])
            print(os.getxattr("raw/reads", "user.hipaafs.state").decode())
            try:
                os.open("raw/reads", os.O_RDWR)
            except OSError as error:
                print(errno.errorcode[error.errno])
            """;
        Assert.Equal("True True True True SIGBUS SIGBUS SIGBUS EREMOTE EREMOTE archived EREMOTE", string.Join(' ', (await Shell.PythonAsync(look, volume.Root)).EnsureSucceeded().Text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)));
        await volume.ShellAsync("cmp -n 1000000 raw/reads plain; head -c 100 raw/reads | cmp - <(head -c 100 plain)");
        foreach (string copy in (string[])["cp --sparse=auto raw/reads \"$out\"", "cat raw/reads > \"$out\"", "dd if=raw/reads of=\"$out\" bs=64K status=none"])
        {
            ProcessOutcome outcome = await Shell.RunAsync($"out='{volume.Work}/copy'; cd '{volume.Root}'; {copy}", volume.Work);
            Assert.False(outcome.Succeeded, outcome.Describe());
            Assert.Contains(Remote, outcome.Describe(), StringComparison.Ordinal);
            await Shell.CheckAsync($"test $(stat -c %s copy) -le 1000000; cmp -n $(stat -c %s copy) copy '{volume.Root}/plain'; rm copy", volume.Work); // What is there is right.
        }
    }

    [Fact]
    public async Task KeepHead_Recall_BeginsPastTheHead()
    {
        await using MountedVolume volume = await CreateAsync("recall", head: "1MiB");
        await volume.ShellAsync("cmp -n 1048576 raw/reads plain; sleep 1; test $(getfattr --only-values -n user.hipaafs.state raw/reads) = archived");
        Assert.Contains("in progress", (await Shell.RunAsync("cat raw/reads > /dev/null", volume.Root)).Describe(), StringComparison.Ordinal);
        await Shell.CheckAsync($"until cmp '{volume.Root}/raw/reads' '{volume.Root}/plain' 2> errors; do grep -q 'in progress' errors; done", volume.Work, ChildProcess.LongTimeout);
    }

    [Fact]
    public async Task Archive_DirectoriesWrittenTogether_AreOneObjectEach()
    {
        await using MountedVolume volume = await CreateAsync(
            "fail", write: "mkdir raw/one raw/two; for slice in $(seq 60); do for study in one two; do head -c 30000 /dev/urandom > raw/$study/$slice; done; done");
        BlobContainerClient container = _azurite.Connect(_container);
        var archived = new List<long>();
        await foreach (BlobItem blob in container.GetBlobsAsync())
        {
            if (blob.Properties.AccessTier == AccessTier.Archive)
            {
                archived.Add(blob.Properties.ContentLength!.Value);
            }
        }

        Assert.Equal(2, archived.Count);
        Assert.All(archived, static bytes => Assert.InRange(bytes, 60 * 30_000, 61 * 32_000));
        Assert.Contains(Remote, (await Shell.RunAsync("cat raw/one/7", volume.Root)).Describe(), StringComparison.Ordinal);

        // Out of the archive again: that is a move, and what is to be paid for it is said.
        string policy = Path.Combine(volume.Work, "policy.yaml");
        await File.WriteAllTextAsync(policy, (await File.ReadAllTextAsync(policy)).Replace("tier: archive}", "tier: hot}", StringComparison.Ordinal));
        JsonElement plan = await PolicyTests.ResultAsync(volume, "policy", "plan", volume.Root, policy);
        JsonElement raw = plan.GetProperty("directories").EnumerateArray().Single(static directory => directory.GetProperty("path").GetString() == "/raw");
        Assert.Equal((120, 120L * 30_000), (raw.GetProperty("movedFiles").GetInt32(), raw.GetProperty("movedBytes").GetInt64()));
    }

    private static Task<ProcessOutcome> RunCopyAsync(MountedVolume volume, string copy) => Shell.RunAsync($"out='{volume.Work}/copy'; cd '{volume.Root}'; {copy}", volume.Work);

    private static async Task AssertNoCopyAsync(MountedVolume volume, string copy, int? exitCode = null)
    {
        ProcessOutcome outcome = await RunCopyAsync(volume, copy);
        Assert.False(outcome.Succeeded, outcome.Describe());
        Assert.True(exitCode is null || outcome.ExitCode == exitCode, outcome.Describe());
        Assert.Contains(Remote, outcome.Describe(), StringComparison.Ordinal);
        string copied = Path.Combine(volume.Work, "copy");
        Assert.True(!File.Exists(copied) || new FileInfo(copied).Length == 0, $"{copy} left something");
        File.Delete(copied);
    }

    // Of "plain", which is not archived, and "raw/reads", which is: the one is in the archive that tar made, and of the other not even its name.
    private static async Task AssertTarLeavesItOutAsync(MountedVolume volume, string tar)
    {
        ProcessOutcome outcome = await RunCopyAsync(volume, tar);
        Assert.True(outcome.ExitCode == TarFatal, outcome.Describe());
        Assert.Contains("raw/reads", outcome.Describe(), StringComparison.Ordinal);
        Assert.Contains(Remote, outcome.Describe(), StringComparison.Ordinal);
        Assert.Equal("plain", (await Shell.CheckAsync("tar -tf copy", volume.Work)).Trim());
        await Shell.CheckAsync($"mkdir tree; tar -xf copy -C tree; cmp tree/plain '{volume.Root}/plain'; test ! -e tree/raw; rm -r tree copy", volume.Work);
    }

    private async Task<MountedVolume> CreateAsync(string behaviour, string head = "none", string? write = null, string? budget = null)
    {
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await _azurite.StartAsync();
        await _azurite.Connect(_container).CreateAsync();
        return await CreateOnAsync(_azurite.StoreUrl(_container, "volume"), behaviour, head, write, budget);
    }

    // Of /raw nothing is on this machine when it returns.
    private static async Task<MountedVolume> CreateOnAsync(string url, string behaviour, string head = "none", string? write = null, string? budget = null)
    {
        MountedVolume volume = await MountedVolume.CreateAsync();
        string policy = Path.Combine(volume.Work, "policy.yaml");
        await File.WriteAllTextAsync(policy, string.Create(CultureInfo.InvariantCulture, $$$"""
            version: 1
            currency: EUR
            stores:
              own: {url: "file://{{{volume.Store}}}", region: eu, baa: x}
              vault:
                url: "{{{url}}}"
                region: eu
                baa: x
                prices:
                  requests: {restore: 0.6}
                  retrieval: {archive: {standard: 20, expedited: 120}}
                {{{(budget is null ? "" : $"budget: {budget}")}}}
            defaults: {placement: {primary: own}}
            rules:
              - path: /raw
                placement: {primary: vault, tier: archive}
                archive: {on_open: {{{behaviour}}}, keep_head: {{{head}}}, blocked_programs: [dd]}
            """));
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await volume.ShellAsync((write ?? "head -c 3000000 /dev/urandom > plain; cp plain raw/reads") + "; find raw -type f -exec sync {} +");
        string later = TimeProvider.System.GetUtcNow().AddHours(2).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        JsonElement taken = await PolicyTests.ResultAsync(volume, "policy", "transition", volume.Root, "--as-of", later, "--yes");
        Assert.Single(taken.GetProperty("steps").EnumerateArray());
        await Eventually.TrueAsync(async () => await PolicyTests.MisplacedAsync(volume) == 0, "it is in the archive");
        await volume.UnmountAsync();
        Directory.Delete(Path.Combine(volume.Volume, "cache"), recursive: true);
        await volume.MountAsync();
        return volume;
    }
}
