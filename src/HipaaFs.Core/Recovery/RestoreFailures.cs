using HipaaFs.Metadata;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>What a restore says when the metadata engine does not take what it is given.</summary>
internal static class RestoreFailures
{
    /// <summary>Throws unless there is no error.</summary>
    /// <exception cref="VolumeException">There is one.</exception>
    internal static void ThrowIfFailed(MetadataError error)
    {
        if (error != MetadataError.None)
        {
            throw new VolumeException(
                error == MetadataError.NoSpace ? VolumeFailure.NoSpace : VolumeFailure.Integrity,
                $"restore: write the metadata: {error}",
                error == MetadataError.NoSpace ? "make room on the disk of the volume" : "the change stream does not make sense; keep the store as it is and report it");
        }
    }
}
