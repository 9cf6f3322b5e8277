using HipaaFs.Metadata;
using HipaaFs.Quotas;

namespace HipaaFs.Volumes;

// How much may be stored.
public sealed partial class Volume
{
    /// <summary>The quotas in force.</summary>
    public IReadOnlyList<Quota> Quotas => FileSystem.Quotas.All;

    /// <summary>What each user holds under each placement.</summary>
    public IReadOnlyList<OwnerUsage> ListUsage() => _parts.Metadata.ListUsage();

    /// <summary>Replaces all quotas; durable on return. What is there already stays, however much it is.</summary>
    /// <exception cref="VolumeException">One names a placement that the volume does not have.</exception>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public async Task DefineQuotasAsync(IReadOnlyList<Quota> quotas, CancellationToken cancel)
    {
        _ = Writing;
        foreach (uint placement in quotas.SelectMany(static quota => quota.Placements))
        {
            if (_parts.Stores.Placements.Find(placement) is null)
            {
                throw new VolumeException(VolumeFailure.Configuration, $"define quotas: the volume has no placement {placement}", "define it first");
            }
        }

        await FileSystem.Quotas.DefineAsync(quotas, _parts.Clock, cancel);
    }
}
