using HipaaFs.ChangeStream;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>A full stream and what follows it, up to a backup point: everything needed to make the metadata again.</summary>
internal sealed class BackupChain
{
    private BackupChain(CommitSequence sequence, byte[] hash, DateTimeOffset publishedAt, List<ReadOnlyMemory<byte>> batches, int unfollowed)
    {
        Sequence = sequence;
        Hash = hash;
        PublishedAt = publishedAt;
        Batches = batches;
        Unfollowed = unfollowed;
    }

    /// <summary>The commit that the batches lead to.</summary>
    internal CommitSequence Sequence { get; }

    /// <summary>SHA-256 of the last object.</summary>
    internal byte[] Hash { get; }

    /// <summary>When it was written.</summary>
    internal DateTimeOffset PublishedAt { get; }

    /// <summary>The encoded changes, in order.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Batches { get; }

    /// <summary>
    /// Objects of the change stream behind the backup point that the chain does not lead to: damaged, or hung on one that is damaged or gone. What they say is lost.
    /// The beginning of a publication that was cut off is none of them.
    /// </summary>
    internal int Unfollowed { get; }

    /// <summary>Follows the chain that begins with a full object. Null when it reaches no backup point.</summary>
    /// <remarks>
    /// An object belongs to the chain when it names the hash of the last one that does. One that names an earlier one takes the place of what came after that: a session
    /// that did not know yet that it was fenced off wrote there. Every other is passed over.
    /// </remarks>
    /// <exception cref="VolumeException">The store failed.</exception>
    internal static async Task<BackupChain?> FollowAsync(
        StreamObjectReader reader, List<ObjectProperties> objects, int first, IProgress<RestoreProgress> progress, CancellationToken cancel)
    {
        var links = new List<Link> { new(new byte[32], 0, null) };
        var cutOff = new List<byte[]>();
        var batches = new List<ReadOnlyMemory<byte>>();
        int unfollowed = 0;
        for (int i = first; i < objects.Count; i++)
        {
            StoreResult<StreamObject> opened = await reader.ReadAsync(objects[i], cancel);
            if (!opened.Succeeded && opened.Error is not (StoreError.Corrupt or StoreError.NotFound))
            {
                throw new VolumeException(
                    VolumeFailure.Store,
                    $"read the change stream: the store failed at object {i - first + 1} of {objects.Count - first}: {opened.Error}",
                    "make the store reachable and try again; going on would restore an older state than there is");
            }

            progress.Report(new RestoreProgress("change stream", i - first + 1, objects.Count - first));
            int place = opened.Succeeded ? FindLink(links, opened.Value.Preamble.Previous.Span, isFirst: i == first) : -1;
            if (place < 0 && i == first)
            {
                return null;
            }

            if (place < 0)
            {
                unfollowed += opened.Succeeded && IsOfAnother(cutOff, opened.Value) ? 0 : 1;
                continue;
            }

            links.RemoveRange(place + 1, links.Count - place - 1);
            batches.RemoveRange(links[place].Batches, batches.Count - links[place].Batches);
            batches.AddRange(opened.Value.Batches);
            Point? point = links[place].Point;
            if (opened.Value.Preamble.IsBackupPoint)
            {
                unfollowed = 0;
                point = new Point(opened.Value.Preamble.Sequence, opened.Value.Hash, objects[i].LastModified, batches.Count);
            }

            links.Add(new Link(opened.Value.Hash, batches.Count, point));
        }

        return links[^1].Point is { } last
            ? new BackupChain(last.Sequence, last.Hash, last.PublishedAt, batches.GetRange(0, last.Batches), unfollowed)
            : null;
    }

    // Another chain behind the first object of this one reaches no backup point, or it had been chosen: its publication was cut off.
    private static bool IsOfAnother(List<byte[]> chain, StreamObject opened)
    {
        ReadOnlySpan<byte> previous = opened.Preamble.Previous.Span;
        bool belongs = !previous.ContainsAnyExcept((byte)0);
        for (int i = 0; i < chain.Count && !belongs; i++)
        {
            belongs = previous.SequenceEqual(chain[i]);
        }

        if (belongs)
        {
            chain.Add(opened.Hash);
        }

        return belongs;
    }

    // Only the first object hangs on nothing; another that does begins a chain of its own.
    private static int FindLink(List<Link> links, ReadOnlySpan<byte> previous, bool isFirst)
    {
        for (int i = links.Count - 1; i >= (isFirst ? 0 : 1); i--)
        {
            if (previous.SequenceEqual(links[i].Hash))
            {
                return i;
            }
        }

        return -1;
    }

    // An object of the chain: the batches up to its end, and the last backup point up to there.
    private readonly record struct Link(byte[] Hash, int Batches, Point? Point);

    private sealed record Point(CommitSequence Sequence, byte[] Hash, DateTimeOffset PublishedAt, int Batches);
}
