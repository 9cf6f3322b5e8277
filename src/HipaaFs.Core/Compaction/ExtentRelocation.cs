using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Sessions;

namespace HipaaFs.Compaction;

/// <summary>Lets every row, live and past, that refers to runs that were copied refer to their copies, in place, some hundred at a time.</summary>
/// <remarks>Needs no gate: whatever a row means, it means the same bytes afterwards. Who holds extents in memory reads them again.</remarks>
internal sealed class ExtentRelocation
{
    private const int Rounds = 3;

    private readonly IMetadataStore _metadata;
    private readonly FileTable _files;
    private readonly SessionClock _clock;

    internal ExtentRelocation(IMetadataStore metadata, FileTable files, SessionClock clock)
    {
        _metadata = metadata;
        _files = files;
        _clock = clock;
    }

    /// <summary>Relocates. Who has begun to refer to an old segment meanwhile, by a clone, is found by asking again.</summary>
    /// <param name="relocations">The runs and their copies, which rows may refer to.</param>
    /// <param name="placement">Only what files of this placement refer to; null: all.</param>
    /// <param name="beforeEach">Called before each transaction.</param>
    /// <param name="cancel">Ends it between two transactions.</param>
    /// <returns>False when the metadata refuses; what is done stays done.</returns>
    internal async Task<bool> RunAsync(Relocations relocations, uint? placement, Func<Task> beforeEach, CancellationToken cancel)
    {
        int found = 1;
        for (int round = 0; round < Rounds && found > 0; round++)
        {
            found = 0;
            foreach (Relocation[] runs in relocations.Portions())
            {
                await beforeEach();
                cancel.ThrowIfCancellationRequested();
                var request = new RelocateRequest { Operation = _clock.NextOperation(), Now = _clock.Now, Runs = runs, OfPlacement = placement };
                MetadataResult<Applied<RelocationOutcome>> relocated = await _metadata.RelocateAsync(request, CancellationToken.None);
                if (!relocated.Succeeded)
                {
                    return false;
                }

                RelocationOutcome outcome = relocated.Value.Value;
                found += outcome.LiveRows + outcome.PastRows;
                ForgetExtents(outcome.Inodes);
                await Task.Yield(); // Others get at the metadata between two portions.
            }
        }

        return true;
    }

    private void ForgetExtents(IReadOnlyList<InodeId> inodes)
    {
        if (inodes.Count == 0)
        {
            return;
        }

        foreach (FileState file in _files.AcquireAny([.. inodes]))
        {
            file.ForgetExtents();
            _files.Release(file);
        }
    }
}
