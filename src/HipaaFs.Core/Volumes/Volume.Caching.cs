using HipaaFs.Cache;
using HipaaFs.Metadata;

namespace HipaaFs.Volumes;

// What is in the cache of this machine because somebody asked for it.
public sealed partial class Volume
{
    /// <summary>Most files that can be pinned.</summary>
    public const int MostPinnedFiles = CachePins.MostFiles;

    /// <summary>What is pinned, as last looked up.</summary>
    public PinUsage PinUsage => _parts.Pins.Usage;

    /// <summary>Has the data of files stay in the cache once it is there, also over restarts. Nothing is changed when it does not fit.</summary>
    /// <exception cref="IOException">The metadata cannot be read, or the cache's disk refuses.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<PinUsage> PinAsync(IReadOnlyCollection<InodeId> files, CancellationToken cancel) => Ask(ends => _parts.Pins.ChangeAsync(files, pins: true, ends), cancel);

    /// <summary>Has the data of files leave the cache again when others need the room.</summary>
    /// <exception cref="IOException">The metadata cannot be read, or the cache's disk refuses.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<PinUsage> UnpinAsync(IReadOnlyCollection<InodeId> files, CancellationToken cancel) => Ask(ends => _parts.Pins.ChangeAsync(files, pins: false, ends), cancel);

    /// <summary>Brings the data of files into the cache. What was written a moment ago is in staging and needs none of this.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<WarmProgress> WarmAsync(IReadOnlyCollection<InodeId> files, IProgress<WarmProgress> progress, CancellationToken cancel) =>
        Ask(ends => _parts.Pins.WarmAsync(files, progress, ends), cancel);
}
