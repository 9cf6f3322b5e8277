using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>The life of a volume on three stores: one goes away and comes back, one is migrated away, and no byte differs.</summary>
public sealed class ManyStoresTests
{
    private const int Refused = 10;
    private const int NotFound = 8;
    private const int Usage = 2;
    private const int Integrity = 6;
    private const int Store = 5;
    private const int Incomplete = 9;

    [Fact]
    public async Task Volume_StoreAwayThenMigrated_KeepsEveryByte()
    {
        await using MountedVolume volume = await PolicyTests.CreateAsync();
        string policy = await PolicyTests.WritePolicyAsync(volume, regionOfThree: "eu");
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await FillAsync(volume, "first");
        await PolicyTests.CopiedAsync(volume);

        await Shell.CheckAsync("mv two aside", volume.Work);
        await FillAsync(volume, "second"); // Of phi it stays staged; research goes to its replica.
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        await Eventually.TrueAsync(async () => (await StoreAsync(volume, "two")).GetProperty("away").GetBoolean(), "it is seen that a store is away");
        JsonElement away = await StoreAsync(volume, "two");
        Assert.True(away.GetProperty("awaySeconds").GetDouble() >= 0);
        Assert.False(string.IsNullOrEmpty(away.GetProperty("problem").GetString()));
        Assert.Contains("AWAY", (await volume.RunAsync("store", "status", volume.Root)).Text, StringComparison.Ordinal);
        string sums = await SumAsync(volume);

        await Shell.CheckAsync("mv aside two", volume.Work);
        await PolicyTests.CopiedAsync(volume);
        Assert.Equal(sums, await SumAsync(volume));

        // The stores lie on one disk and share the files of segments: what is cut short is a copy.
        await Shell.CheckAsync("find two/seg -type f | head -n 1 | xargs rm && cut=$(find two/seg -type f | tail -n 1) && head -c -100 $cut > other && mv other $cut", volume.Work);
        JsonElement repaired = await PolicyTests.ResultAsync(volume, "store", "repair", volume.Root, "two", "--wait");
        Assert.Equal(2, repaired.GetProperty("found").GetProperty("repairedSegments").GetInt64());
        Assert.Equal(0, (await PolicyTests.ResultAsync(volume, "store", "verify", volume.Root, "two")).GetProperty("found").GetProperty("repairedSegments").GetInt64());

        Assert.Equal(NotFound, (await volume.RunAsync("store", "drain", volume.Root, "four")).ExitCode);
        Assert.Equal(Refused, (await volume.RunAsync("store", "drain", volume.Root, "one")).ExitCode);
        JsonElement change = await PolicyTests.ResultAsync(volume, "store", "migrate", volume.Root, "two", "three");
        Assert.Equal(2, change.GetProperty("redefined").GetArrayLength());
        await FillAsync(volume, "third");
        await volume.KillAsync();
        await volume.MountAsync();
        await PolicyTests.CopiedAsync(volume);
        sums = await SumAsync(volume);
        Assert.Equal(0, PolicyTests.Bytes(await StoreAsync(volume, "two"), "alone"));
        Assert.Equal(0, (await StoreAsync(volume, "two")).GetProperty("placements").GetArrayLength());

        ProcessOutcome kept = await volume.RunAsync("store", "remove", volume.Root, "two");
        Assert.Equal(Refused, kept.ExitCode); // What was copied is deleted after a grace.
        Assert.Contains("segments are in it", kept.Describe(), StringComparison.Ordinal);

        // From the other two alone.
        await volume.UnmountAsync();
        await Shell.CheckAsync("mv two aside && rm -r volume/cache", volume.Work);
        await volume.MountAsync();
        Assert.Equal(sums, await SumAsync(volume));
        Assert.DoesNotContain("third", volume.Log, StringComparison.Ordinal);
        await Shell.CheckAsync("mv aside two", volume.Work);
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Volume_StoreIsLost_EachCommandNamesItAndSaysWhatToDo()
    {
        await using MountedVolume volume = await PolicyTests.CreateAsync();
        string policy = await PolicyTests.WritePolicyAsync(volume, regionOfThree: "eu");
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        await FillAsync(volume, "first");
        await PolicyTests.CopiedAsync(volume);
        await volume.UnmountAsync();
        await Shell.CheckAsync("mv three aside && rm -r volume/cache", volume.Work);
        await volume.MountAsync();
        await volume.ShellAsync("echo later > raw/later && sync");

        ProcessOutcome kept = await volume.RunAsync("umount", volume.Root);
        Assert.Equal(Store, kept.ExitCode);
        Assert.Contains($"three, file://{volume.Work}/three (", kept.Describe(), StringComparison.Ordinal);
        Assert.Contains("'store migrate'", kept.Describe(), StringComparison.Ordinal);

        await PolicyTests.ResultAsync(volume, "store", "migrate", volume.Root, "three", "two");
        ProcessOutcome refused = await volume.RunAsync("store", "forget", volume.Root, "three");
        Assert.Equal(Refused, refused.ExitCode);
        Assert.Contains("would be lost with", refused.Describe(), StringComparison.Ordinal);
        await PolicyTests.ResultAsync(volume, "store", "forget", volume.Root, "three", "--yes");

        ProcessOutcome repaired = await volume.RunAsync("store", "repair", volume.Root, "two", "--wait");
        Assert.Equal(Incomplete, repaired.ExitCode);
        Assert.Contains("can be copied from nowhere now", repaired.Text, StringComparison.Ordinal);
        await volume.UnmountAsync(); // What waited for the lost store went to the one in its place.
        await volume.MountAsync();
        Assert.Equal("later", (await volume.ShellAsync("cat raw/later")).Trim());
    }

    [Fact]
    public async Task Migrate_ViaDisks_BringsEveryByteAndRefusesWhatWasDamagedOnTheWay()
    {
        await using MountedVolume volume = await PolicyTests.CreateAsync();
        string policy = await PolicyTests.WritePolicyAsync(volume, regionOfThree: "eu");
        await PolicyTests.ResultAsync(volume, "policy", "apply", volume.Root, policy, "--make-directories");
        foreach (string name in (string[])["first", "second", "third"])
        {
            await FillAsync(volume, name);
            await PolicyTests.CopiedAsync(volume);
        }

        await Shell.CheckAsync("mkdir disk1 disk2", volume.Work);
        string[] migrate = ["store", "migrate", volume.Root, "two", "three"];
        string one = Path.Combine(volume.Work, "disk1");
        Assert.Equal(Usage, (await volume.RunAsync([.. migrate, "--via", one])).ExitCode);
        JsonElement counted = await PolicyTests.ResultAsync(volume, [.. migrate, "--via", one, "--out", "--dry-run"]);
        JsonElement written = await PolicyTests.ResultAsync(volume, [.. migrate, "--via", one, "--out"]);
        Assert.Equal((counted.GetProperty("leftSegments").GetInt64(), 0L), (written.GetProperty("segments").GetInt64(), written.GetProperty("leftSegments").GetInt64()));
        await FillAsync(volume, "later");
        await PolicyTests.CopiedAsync(volume);
        string two = Path.Combine(volume.Work, "disk2");
        Assert.True((await PolicyTests.ResultAsync(volume, [.. migrate, "--via", two, "--out"])).GetProperty("segments").GetInt64() > 0);
        string sums = await SumAsync(volume);
        string flipped = (await Shell.CheckAsync("f=$(find disk1/seg -type f | head -n 1); printf x | dd of=$f bs=1 seek=3000 conv=notrunc status=none; echo ${f#disk1/}", volume.Work)).Trim();

        ProcessOutcome refused = await volume.RunAsync([.. migrate, "--via", one, "--in"]);
        Assert.Equal(Integrity, refused.ExitCode);
        Assert.Contains(flipped, refused.Text, StringComparison.Ordinal);
        ProcessOutcome uploaded = await volume.RunAsync("store", "upload", two, $"file://{volume.Work}/three");
        Assert.True(uploaded.ExitCode == 0, uploaded.Describe());
        await PolicyTests.ResultAsync(volume, [.. migrate, "--received"]);
        await PolicyTests.CopiedAsync(volume); // The network has brought what was refused.
        Assert.Equal(0, (await StoreAsync(volume, "two")).GetProperty("placements").GetArrayLength());

        await volume.UnmountAsync();
        await Shell.CheckAsync("mv two aside && rm -r volume/cache", volume.Work);
        await volume.MountAsync();
        Assert.Equal(sums, await SumAsync(volume));
        await Shell.CheckAsync("mv aside two", volume.Work);
        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    private static Task<string> FillAsync(MountedVolume volume, string name) =>
        volume.ShellAsync($"for d in phi research raw; do mkdir -p $d/sub && head -c 700000 /dev/urandom > $d/{name} && head -c 3000 /dev/urandom > $d/sub/{name}; done && sync");

    private static Task<string> SumAsync(MountedVolume volume) => volume.ShellAsync("find . -type f -print0 | sort -z | xargs -0 sha256sum");

    private static async Task<JsonElement> StoreAsync(MountedVolume volume, string name) =>
        (await PolicyTests.StoresAsync(volume)).Single(store => store.GetProperty("name").GetString() == name);
}
