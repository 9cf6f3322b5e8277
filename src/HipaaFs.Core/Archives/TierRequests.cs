using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Archives;

/// <summary>Gives single files another tier, within what their directories provide.</summary>
internal sealed class TierRequests
{
    private readonly IMetadataView _view;
    private readonly PlacementTable _placements;
    private readonly PlacementAssignment _assignment;
    private readonly PlacementMover _mover;

    /// <param name="view">The files.</param>
    /// <param name="placements">The placements.</param>
    /// <param name="assignment">Gives a file another one.</param>
    /// <param name="mover">Moves its data then.</param>
    internal TierRequests(IMetadataView view, PlacementTable placements, PlacementAssignment assignment, PlacementMover mover)
    {
        _view = view;
        _placements = placements;
        _assignment = assignment;
        _mover = mover;
    }

    /// <summary>
    /// Gives a file the placement of its directory, or of a pattern or a transition in it, whose data lies in a tier, and keeps it there, however old it gets. Its data is moved in the background, once it can
    /// be read.
    /// </summary>
    /// <returns>NotSupported: its directory has none of that tier; what the metadata failed of else.</returns>
    internal async ValueTask<FsError> SetAsync(InodeAttributes file, StorageTier tier, CancellationToken cancel)
    {
        if (IsIn(file.Placement, tier))
        {
            return (await _assignment.PlaceFileAsync(file, file.Placement, cancel)).Error;
        }

        MetadataResult<DirectoryEntry> entry = await _view.FindEntryAsync(file.Id, cancel);
        MetadataResult<InodeAttributes> directory = entry.Succeeded ? await _view.GetInodeAsync(entry.Value.Parent, cancel) : entry.Error;
        if (!directory.Succeeded)
        {
            return directory.Error.ToFsError();
        }

        if (FindIn(directory.Value.Placement, tier) is not { } placement)
        {
            return FsError.NotSupported;
        }

        FsResult<bool> set = await _assignment.PlaceFileAsync(file, placement, cancel);
        _mover.Wake();
        return set.Error;
    }

    /// <summary>Lets the age of a file decide again.</summary>
    /// <returns>NoAttribute: nobody asked for a tier; what the metadata failed of else.</returns>
    internal async ValueTask<FsError> ReleaseAsync(InodeAttributes file, CancellationToken cancel) =>
        (file.Flags & InodeFlags.KeepsTier) == 0 ? FsError.NoAttribute : (await _assignment.ReleaseFileAsync(file, cancel)).Error;

    private uint? FindIn(uint directory, StorageTier tier)
    {
        if (IsIn(directory, tier))
        {
            return directory;
        }

        return _placements.Find(directory) is { } found
            ? found.Patterns.Select(static pattern => pattern.Placement)
                .Concat(found.Steps.Select(static step => step.Placement))
                .Select(static number => (uint?)number)
                .FirstOrDefault(number => IsIn(number!.Value, tier) && _placements.Find(number.Value)!.Border == found.Border)
            : null;
    }

    private bool IsIn(uint placement, StorageTier tier) => _placements.Find(placement) is { } found && found.TierOf(found.Primary) == tier;
}
