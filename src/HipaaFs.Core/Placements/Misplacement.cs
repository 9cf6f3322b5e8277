using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>What is not where its placement says, as of the last commit.</summary>
/// <param name="Files">Files with data in segments of a placement that has other stores than theirs. It is moved in the background.</param>
/// <param name="Bytes">Bytes of that data which the files show now.</param>
/// <param name="SnapshotBytes">Bytes of it which only snapshots of these files show.</param>
/// <param name="RemovedBytes">
/// Bytes of files that are gone and snapshots still show, by the placement they were written to. Nothing says where they should be, so they stay until the snapshots go; where the placement's
/// stores change, they follow.
/// </param>
public sealed record Misplacement(long Files, long Bytes, long SnapshotBytes, IReadOnlyDictionary<uint, long> RemovedBytes)
{
    private const int Page = 256;

    /// <summary>Nothing is misplaced.</summary>
    internal static Misplacement None { get; } = new(0, 0, 0, new Dictionary<uint, long>());

    /// <summary>
    /// Placements of files, and others whose segments hold data of them, at the same places: that stays there, and is moved only when one of the two comes to say something else.
    /// </summary>
    public IReadOnlySet<(uint File, uint Segment)> Shared { get; init; } = new HashSet<(uint, uint)>();

    /// <summary>Placements of archived files, and others in whose segments their heads may be (<see cref="PlacementTable.FindHeads"/>).</summary>
    public IReadOnlySet<(uint File, uint Segment)> Heads { get; init; } = new HashSet<(uint, uint)>();

    /// <summary>Counts it; every extent is looked at.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal static async Task<Misplacement> CountAsync(IMetadataStore metadata, PlacementTable placements, CancellationToken cancel)
    {
        Misplacement sum = None;
        var shared = new HashSet<(uint, uint)>();
        IReadOnlyDictionary<(uint File, uint Segment), long> heads = placements.FindHeads();
        InodeId after = default;
        while (true)
        {
            IReadOnlyList<MisplacedFile> files = await ListAsync(metadata, heads, after, Page, cancel);
            foreach (MisplacedFile file in files)
            {
                after = file.Inode;
                bool isMisplaced = false;
                foreach (PlacedElsewhere there in file.Elsewhere)
                {
                    if (placements.AreAlike(file.Placement, there.Placement))
                    {
                        shared.Add((file.Placement, there.Placement));
                        continue;
                    }

                    isMisplaced = true;
                    sum = sum with { Bytes = sum.Bytes + there.Bytes, SnapshotBytes = sum.SnapshotBytes + there.PastBytes };
                }

                sum = sum with { Files = sum.Files + (isMisplaced ? 1 : 0) };
            }

            if (files.Count < Page)
            {
                break;
            }
        }

        MetadataResult<IReadOnlyDictionary<uint, long>> removed = await metadata.SumRemovedAsync(cancel);
        return removed.Succeeded
            ? sum with { RemovedBytes = removed.Value, Shared = shared, Heads = heads.Keys.ToHashSet() }
            : throw new IOException($"count what snapshots alone show: {removed.Error}");
    }

    /// <summary>Lists a page of the files with data in segments of another number than theirs, at the same places or not, the heads of archived files excepted (<see cref="PlacementTable.FindHeads"/>).</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal static async Task<IReadOnlyList<MisplacedFile>> ListAsync(
        IMetadataStore metadata, IReadOnlyDictionary<(uint File, uint Segment), long> heads, InodeId after, int limit, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<MisplacedFile>> files = await metadata.ListMisplacedAsync(after, limit, heads, cancel);
        return files.Succeeded ? files.Value : throw new IOException($"list what is not where it should be: {files.Error}");
    }
}
