using HipaaFs.Archives;
using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.Volumes;

// What comes back from archives.
public sealed partial class Volume
{
    /// <summary>Has files brought back from archives, or says what that would ask for. It goes on in the background, through unmounts and crashes.</summary>
    /// <param name="inodes">The files; those of snapshots too.</param>
    /// <param name="request">How urgently, and for how many days.</param>
    /// <param name="asks">Whether it is asked for.</param>
    /// <param name="cancel">Ends it; what was asked for stays asked for.</param>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<RecallOutcome> RecallAsync(IReadOnlyCollection<InodeId> inodes, RestoreRequest request, bool asks, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(ends => writer.Recaller.RunAsync(inodes, request, asks, ends), cancel);
    }
}
