using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>What a restore holds in memory. Alone in the process, whose memory it measures.</summary>
[Collection(Alone.Name)]
public sealed class RestoreMemoryTests
{
    private const int ValueLength = 1024;
    private const long MaxGrowth = 12L << 20; // Two objects of the stream, and the rows that the metadata store keeps of any volume.

    [Fact]
    public async Task Restore_OfTenTimesTheInodes_HoldsNoMore()
    {
        await MeasureAsync(500); // What is made once in a process.
        long few = await MeasureAsync(5_000);
        long many = await MeasureAsync(50_000);

        Assert.True(many - few < MaxGrowth, $"a restore of 5,000 inodes held {few} bytes, one of 50,000 {many}");
    }

    // The most that is reachable at any step, above what was before.
    private static async Task<long> MeasureAsync(int inodes)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.StopAsync();
        await PublishAsync(test, inodes);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync(
            sharesStore: true,
            open: false,
            progress: new ProgressHook<RestoreProgress>(_ => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before)));
        await using (restored)
        {
            Assert.Equal(inodes + 1, report.Inodes);
        }

        return most;
    }

    // A chain of full objects, as a daily publication makes them.
    private static async Task PublishAsync(TestVolume test, int inodes)
    {
        const int rowsOfABatch = 500;
        const int batchesOfAnObject = 8;
        using var scratch = new ScratchDirectory();
        Directory.CreateDirectory(scratch["staging"]);
        using KeyRing ring = await VolumeRing.UnlockAsync(test.VolumeDirectory, test.Id, test.Key, default);
        await using IObjectStore store = ObjectStores.Local.Open(test.Url, new StoreOptions(), TimeProvider.System, NullLogger.Instance);
        var writer = new StreamObjectWriter(ring, store, scratch["staging"]);
        var sequence = new CommitSequence(1_000_000);
        byte[] previous = new byte[32];
        ulong number = 0;
        var batches = new List<ChangeBatch> { Batch(sequence, [Directory1()]) };
        for (int made = 0; made < inodes; made += rowsOfABatch)
        {
            var rows = new List<RowChange>();
            for (int i = 0; i < rowsOfABatch; i++)
            {
                AddFile(rows, new InodeId((ulong)(made + i + 2)));
            }

            batches.Add(Batch(sequence, rows));
            bool isLast = made + rowsOfABatch >= inodes;
            if (batches.Count < batchesOfAnObject && !isLast)
            {
                continue;
            }

            StoreResult<byte[]> put = await writer.PutAsync(
                StoreLayout.Stream(9, number, full: number == 0), new StreamPreamble(previous, sequence, isLast), batches, default);
            previous = put.Value;
            number++;
            batches.Clear();
        }
    }

    private static ChangeBatch Batch(CommitSequence sequence, IReadOnlyList<RowChange> rows) => ChangeCodec.Encode(sequence, sequence, rows);

    private static InodeChange Directory1() => new(
        ChangeKind.Upsert, new InodeAttributes { Id = InodeId.Root, Mode = ModeBits.Directory | 0x1ED, LinkCount = 2 }, new Lifetime(1));

    private static void AddFile(List<RowChange> rows, InodeId id)
    {
        var tag = new NameTag(((UInt128)id.Value << 64) | id.Value);
        var attributes = new InodeAttributes { Id = id, Mode = ModeBits.File | 0x1A4, LinkCount = 1, Flags = InodeFlags.HasXattrs };
        rows.Add(new InodeChange(ChangeKind.Upsert, attributes, new Lifetime(1)));
        rows.Add(new EntryChange(ChangeKind.Upsert, InodeId.Root, new EntryName(tag, new byte[40]), id, new Lifetime(1)));
        rows.Add(new XattrChange(ChangeKind.Upsert, id, new SealedXattr(tag, new byte[40], new byte[ValueLength]), new Lifetime(1)));
    }
}
