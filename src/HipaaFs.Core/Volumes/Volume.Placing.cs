using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Volumes;

// Where data goes.
public sealed partial class Volume
{
    /// <summary>Makes a further store known: one that is empty, or this volume's already. It gets the mark of the volume, this session's claim and a number.</summary>
    /// <exception cref="VolumeException">It cannot be; nothing but its mark is changed.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    internal async Task<RegisteredStore> RegisterStoreAsync(string name, StoreUrl url, string region, CancellationToken cancel)
    {
        RegisteredStore registered = await Writing.Registration.RegisterAsync(name, url, region, cancel);
        Writing.Replicator.Wake();
        return registered;
    }

    /// <summary>Defines a placement, the next number or one that is there. What a store lacks by it is copied in the background.</summary>
    /// <exception cref="VolumeException">It makes no sense.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    internal async Task DefinePlacementAsync(Placement placement, CancellationToken cancel)
    {
        await Writing.Registration.DefineAsync(placement, cancel);
        Writing.Replicator.Wake();
    }

    /// <summary>Says where data of new files in a directory goes, and in what is made in it from now on. Files and directories that are there keep their placement.</summary>
    internal async Task<FsError> SetPlacementAsync(InodeId directory, uint placement, CancellationToken cancel)
    {
        if (_parts.Stores.Placements.Find(placement) is null)
        {
            return FsError.InvalidArgument;
        }

        MetadataResult<InodeAttributes> inode = await _parts.Metadata.GetInodeAsync(directory, cancel);
        if (!inode.Succeeded)
        {
            return inode.Error.ToFsError();
        }

        if (!inode.Value.IsDirectory)
        {
            return FsError.NotADirectory;
        }

        MetadataResult<Applied<InodeAttributes>> set = await _parts.Metadata.SetAttributesAsync(
            new SetAttributesRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Inode = directory,
                Mask = AttributeMask.Placement,
                Placement = placement,
            },
            cancel);
        return set.Error.ToFsError();
    }

    private VolumeWriter Writing => _parts.Writer is { } writer && !FileSystem.IsReadOnly
        ? writer
        : throw new InvalidOperationException("the volume takes no changes");
}
