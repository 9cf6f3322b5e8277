using System.Text;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>The money of plans. Each figure is worked out by hand in the test.</summary>
public sealed class TransferEstimateTests
{
    private const long Gib = 1L << 30;
    private const long Mib = 1L << 20;
    private const int S3 = 0;
    private const int Azure = 1;
    private const int Disk = 2;

    private static readonly string[] Names = ["s3", "azure", "disk"];

    private static readonly PolicyDocument Policy = PolicyFile.Parse(
        Encoding.UTF8.GetBytes($$"""
            version: 1
            currency: EUR
            stores:
              s3:
                url: "s3://bucket/volume?region=eu-central-1"
                region: eu
                baa: x
                {{Prices}}
              azure:
                url: "azblob://account/container/volume"
                region: eu
                baa: x
                {{Prices}}
              disk: {url: "file:///srv/store", region: eu, baa: x}
            defaults: {placement: {primary: s3} }

            """),
        "policy.yaml",
        new DateOnly(2026, 11, 1)).Document;

    private static string Prices =>
        "prices: {storage: {hot: 0.02, cool: 0.01, cold: 0.004, archive: 0.002}, requests: {read: 0.5, put: 5, set_tier: 10, restore: 100, delete: 1}, "
        + "retrieval: {cool: 0.03, cold: 0.05, archive: {standard: 0.2}}, egress: 0.08, minimum_days: {cool: 30, cold: 90, archive: 180} }";

    [Fact]
    public void Moved_BetweenStores_IsReadSentPutAndDeleted()
    {
        (PlannedTransfer from, PlannedTransfer to) = Two(Estimate(10 * Gib, In(S3, StorageTier.Cool), In(Azure, StorageTier.Hot)));

        Assert.Equal((0, 10 * Gib, 10 * Gib, 1280L), (from.Gets, from.GivesBack, from.Sends, from.Reads)); // 10 GiB in reads of 8 MiB,
        Assert.Equal((10 * Gib, 0, 0, 160L), (to.Gets, to.GivesBack, to.Sends, to.Puts)); // and in objects of 64 MiB.
        Assert.Equal(-10 * 0.01m, from.Cost!.StorageMonth);
        Assert.Equal((1280 * 0.5m / 1000) + (160 * 1m / 1000), from.Cost.Requests); // Reads, and deleting 160 objects.
        Assert.Equal(10 * 0.03m, from.Cost.Retrieval);
        Assert.Equal(10 * 0.08m, from.Cost.Egress);
        Assert.Equal(10 * 0.01m * 30 / 30, from.Cost.EarlyDeletion);
        Assert.Equal(0.8m + 0.3m + 0.8m + 0.1m, from.Cost.Once);
        Assert.Equal(new PlannedCost("EUR", 10 * 0.02m, 160 * 5m / 1000, 0, 0, 0), to.Cost);
        Assert.Equal((0, 0), (from.Changes, to.Changes));
    }

    [Fact]
    public void Moved_OutOfAnArchive_IsBroughtBackByTheObjectsThatThereAre()
    {
        PlannedTransfer[] transfers = Estimate(10 * Gib, In(S3, StorageTier.Archive), In(Azure, StorageTier.Hot), 64 * Mib);

        PlannedCost cost = transfers[0].Cost!;
        Assert.Equal((160 * 100m / 1000) + (1280 * 0.5m / 1000) + (160 * 1m / 1000), cost.Requests); // Restores of 160 objects, reads, deletes.
        Assert.Equal(10 * 0.2m, cost.Retrieval);
        Assert.Equal(10 * 0.002m * 180 / 30, cost.EarlyDeletion);
        Assert.Equal((40 * 100m / 1000) + 0.64m + (40 * 1m / 1000), Estimate(10 * Gib, In(S3, StorageTier.Archive), In(Azure, StorageTier.Hot), 256 * Mib)[0].Cost!.Requests);
    }

    [Fact]
    public void ClassChange_InS3_IsAPutAnObjectAndReadsTheClassThatItLeaves()
    {
        PlannedTransfer transfer = Assert.Single(Estimate(10 * Gib, In(S3, StorageTier.Cool), In(S3, StorageTier.Cold), 32 * Mib));

        Assert.Equal((0, 0, 0, 0L, 0L), (transfer.Gets, transfer.GivesBack, transfer.Sends, transfer.Puts, transfer.Reads));
        Assert.Equal((10 * Gib, 320L), (transfer.Changes, transfer.ChangeRequests));
        Assert.Equal(new PlannedCost("EUR", 10 * (0.004m - 0.01m), 320 * 5m / 1000, 10 * 0.03m, 0, 10 * 0.01m), transfer.Cost);
    }

    [Fact]
    public void ClassChange_FromHot_NeedsNoRetrieval()
    {
        PlannedTransfer transfer = Assert.Single(Estimate(10 * Gib, In(S3, StorageTier.Hot), In(S3, StorageTier.Archive)));

        Assert.Equal(160, transfer.ChangeRequests);
        Assert.Equal(new PlannedCost("EUR", 10 * (0.002m - 0.02m), 160 * 5m / 1000, 0, 0, 0), transfer.Cost);
    }

    [Theory]
    [InlineData(StorageTier.Cool, StorageTier.Cold, 0)] // Down nothing is read,
    [InlineData(StorageTier.Cold, StorageTier.Cool, 0.5)] // up it is: 10 GiB at 0.05.
    public void ClassChange_InAzure_IsASetTierAnObject(StorageTier from, StorageTier to, double retrieval)
    {
        PlannedTransfer transfer = Assert.Single(Estimate(10 * Gib, In(Azure, from), In(Azure, to)));

        Assert.Equal((160L, 160 * 10m / 1000, (decimal)retrieval, 0m), (transfer.ChangeRequests, transfer.Cost!.Requests, transfer.Cost.Retrieval, transfer.Cost.Egress));
    }

    [Fact]
    public void ClassChange_SmallObjectsToAnArchive_AreReadAndPutTogether()
    {
        PlannedTransfer transfer = Assert.Single(Estimate(Gib, In(S3, StorageTier.Hot), In(S3, StorageTier.Archive), Mib));

        Assert.Equal((0, Gib, Gib, Gib, 4L), (transfer.Changes, transfer.Gets, transfer.Sends, transfer.GivesBack, transfer.Puts)); // In objects of 256 MiB.
        Assert.Equal((4 * 5m / 1000) + (128 * 0.5m / 1000) + (1024 * 1m / 1000), transfer.Cost!.Requests);
        Assert.Equal(0.08m, transfer.Cost.Egress);
    }

    [Fact]
    public void ClassChange_OutOfAnArchive_IsReadAndWritten()
    {
        PlannedTransfer transfer = Assert.Single(Estimate(Gib, In(S3, StorageTier.Archive), In(S3, StorageTier.Cool)));

        Assert.Equal((0, Gib, Gib, Gib), (transfer.Changes, transfer.Gets, transfer.Sends, transfer.GivesBack));
        Assert.Equal(0.2m, transfer.Cost!.Retrieval);
    }

    [Fact]
    public void ClassChange_OfOneOfTwoStores_ConcernsThatOneAlone()
    {
        Placement former = In(Azure, StorageTier.Hot) with { Sync = [Disk] };

        PlannedTransfer transfer = Assert.Single(Estimate(Gib, former, In(Azure, StorageTier.Cool) with { Sync = [Disk] }));

        Assert.Equal(("azure", Gib), (transfer.Store, transfer.Changes));
    }

    [Fact]
    public void Replica_IsAdded_IsReadOnceAndPut()
    {
        var estimate = new TransferEstimate();
        estimate.Add(Gib, In(Disk, StorageTier.Hot), In(Disk, StorageTier.Hot) with { Async = [S3] }, isMoved: false);

        (PlannedTransfer to, PlannedTransfer from) = Two([.. estimate.ToTransfers(static store => Names[store], Policy)]);

        Assert.Equal((Gib, 16L, 0L), (to.Gets, to.Puts, to.GivesBack));
        Assert.Equal(new PlannedCost("EUR", 0.02m, 16 * 5m / 1000, 0, 0, 0), to.Cost);
        Assert.Equal((0, 0, Gib, 128L), (from.Gets, from.GivesBack, from.Sends, from.Reads));
        Assert.Null(from.Cost); // It has no prices.
    }

    private static Placement In(int store, StorageTier tier) => new() { Primary = store, Tiers = new Dictionary<int, StorageTier> { [store] = tier } };

    private static (PlannedTransfer First, PlannedTransfer Second) Two(PlannedTransfer[] transfers)
    {
        Assert.Equal(2, transfers.Length);
        return (transfers[0], transfers[1]);
    }

    private static PlannedTransfer[] Estimate(long bytes, Placement former, Placement wanted, long objectBytes = 64 * Mib)
    {
        var estimate = new TransferEstimate();
        estimate.Add(bytes, former, wanted, isMoved: true, objectBytes);
        return [.. estimate.ToTransfers(static store => Names[store], Policy)];
    }
}
