using HipaaFs.ChangeStream;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>A full stream and what follows it, up to the last backup point that the chain of hashes reaches.</summary>
internal sealed class BackupChain
{
    private BackupChain(CommitSequence sequence, byte[] hash, DateTimeOffset publishedAt, List<ReadOnlyMemory<byte>> batches)
    {
        Sequence = sequence;
        Hash = hash;
        PublishedAt = publishedAt;
        Batches = batches;
    }

    /// <summary>The commit that the batches lead to.</summary>
    internal CommitSequence Sequence { get; }

    /// <summary>SHA-256 of the last object.</summary>
    internal byte[] Hash { get; }

    /// <summary>When it was written.</summary>
    internal DateTimeOffset PublishedAt { get; }

    /// <summary>The encoded changes, in order.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Batches { get; }

    /// <summary>Follows the chain that begins with a full object. Null when it reaches no backup point.</summary>
    internal static async Task<BackupChain?> FollowAsync(
        StreamObjectReader reader, List<ObjectProperties> objects, int first, IProgress<RestoreProgress> progress, CancellationToken cancel)
    {
        var batches = new List<ReadOnlyMemory<byte>>();
        byte[] previous = new byte[32];
        BackupChain? last = null;
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

            if (!opened.Succeeded || !opened.Value.Preamble.Previous.Span.SequenceEqual(previous))
            {
                break; // Damaged, cut off, or written by a session that did not know of its predecessor.
            }

            batches.AddRange(opened.Value.Batches);
            previous = opened.Value.Hash;
            if (opened.Value.Preamble.IsBackupPoint)
            {
                last = new BackupChain(opened.Value.Preamble.Sequence, opened.Value.Hash, objects[i].LastModified, [.. batches]);
            }

            progress.Report(new RestoreProgress("change stream", i - first + 1, objects.Count - first));
        }

        return last;
    }
}
