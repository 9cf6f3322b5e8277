using HipaaFs.ChangeStream;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>A full stream and what follows it, up to a backup point: everything needed to make the metadata again.</summary>
/// <remarks>
/// The chain knows which objects those are, not what is in them: the stream of a large volume is longer than memory. They are read twice, first to find out which
/// belong to it, then to apply them, and what is not the same the second time is refused.
/// </remarks>
internal sealed class BackupChain
{
    private BackupChain(Point point, List<ChainObject> objects, int unfollowed)
    {
        Sequence = point.Sequence;
        PublishedAt = point.PublishedAt;
        Objects = objects;
        Unfollowed = unfollowed;
    }

    /// <summary>The commit that the objects lead to.</summary>
    internal CommitSequence Sequence { get; }

    /// <summary>SHA-256 of the last object.</summary>
    internal byte[] Hash => Objects[^1].Hash;

    /// <summary>When it was written.</summary>
    internal DateTimeOffset PublishedAt { get; }

    /// <summary>The objects, in order.</summary>
    internal IReadOnlyList<ChainObject> Objects { get; }

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
        var links = new List<Link> { new(null, new byte[32], null) };
        var cutOff = new List<byte[]>();
        int unfollowed = 0;
        for (int i = first; i < objects.Count; i++)
        {
            StoreResult<StreamObject> opened = await reader.ReadAsync(objects[i], cancel);
            if (!opened.Succeeded && opened.Error is not (StoreError.Corrupt or StoreError.NotFound))
            {
                throw StoreFailed(i - first + 1, objects.Count - first, opened.Error);
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
            Point? point = links[place].Point;
            if (opened.Value.Preamble.IsBackupPoint)
            {
                unfollowed = 0;
                point = new Point(opened.Value.Preamble.Sequence, objects[i].LastModified, links.Count);
            }

            links.Add(new Link(objects[i], opened.Value.Hash, point));
        }

        return links[^1].Point is { } last ? new BackupChain(last, ObjectsUpTo(links, last), unfollowed) : null;
    }

    /// <summary>Reads an object of the chain again. What it gives is what was there the first time.</summary>
    /// <exception cref="VolumeException">It has changed since, is gone, or the store failed.</exception>
    internal async ValueTask<StreamObject> ReadAsync(StreamObjectReader reader, int index, CancellationToken cancel)
    {
        StoreResult<StreamObject> opened = await reader.ReadAsync(Objects[index].Properties, cancel);
        if (opened.Succeeded && opened.Value.Hash.AsSpan().SequenceEqual(Objects[index].Hash))
        {
            return opened.Value;
        }

        throw opened.Succeeded || opened.Error is StoreError.Corrupt or StoreError.NotFound
            ? new VolumeException(
                VolumeFailure.Integrity,
                $"read the change stream: object {Objects[index].Properties.Key} is not what it was when it was checked a moment ago",
                "a mount of the volume may have deleted it meanwhile: try again. If it happens again, find out who changes the store")
            : StoreFailed(index + 1, Objects.Count, opened.Error);
    }

    private static VolumeException StoreFailed(int number, int count, StoreError error) => new(
        VolumeFailure.Store,
        $"read the change stream: the store failed at object {number} of {count}: {error}",
        "make the store reachable and try again; going on would restore an older state than there is");

    private static List<ChainObject> ObjectsUpTo(List<Link> links, Point point)
    {
        var objects = new List<ChainObject>(point.Place);
        for (int i = 1; i <= point.Place; i++)
        {
            objects.Add(new ChainObject(links[i].Properties!, links[i].Hash));
        }

        return objects;
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

    // An object of the chain, and the last backup point up to there. The first stands for what comes before any object.
    private readonly record struct Link(ObjectProperties? Properties, byte[] Hash, Point? Point);

    // Place is that of its object among the links.
    private sealed record Point(CommitSequence Sequence, DateTimeOffset PublishedAt, int Place);
}
