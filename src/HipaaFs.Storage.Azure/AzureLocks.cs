using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace HipaaFs.Storage.Azure;

/// <summary>Azure's immutability policies and legal holds in this product's words, and whether a container has them.</summary>
/// <remarks>They belong to versions of blobs, and need a container with version-level immutability. An unlocked policy is governance, a locked one compliance.</remarks>
internal sealed class AzureLocks
{
    private readonly BlobContainerClient _container;
    private volatile bool _isEnabled; // Once a container has them it keeps them.

    internal AzureLocks(BlobContainerClient container) => _container = container;

    /// <summary>A policy for a request; null for none.</summary>
    internal static BlobImmutabilityPolicy? PolicyOf(ObjectRetention? retention) => retention is null
        ? null
        : new BlobImmutabilityPolicy
        {
            ExpiresOn = retention.Until,
            PolicyMode = retention.Mode == RetentionMode.Compliance ? BlobImmutabilityPolicyMode.Locked : BlobImmutabilityPolicyMode.Unlocked,
        };

    /// <summary>What a look-up says of a blob's policy and hold.</summary>
    internal static ObjectProtection ProtectionOf(BlobProperties found)
    {
        ObjectRetention? retention = found.ImmutabilityPolicy is { ExpiresOn: { } until } policy
            ? new ObjectRetention(policy.PolicyMode == BlobImmutabilityPolicyMode.Locked ? RetentionMode.Compliance : RetentionMode.Governance, until)
            : null;
        return retention is null && !found.HasLegalHold ? ObjectProtection.None : new ObjectProtection { Retention = retention, LegalHold = found.HasLegalHold };
    }

    /// <summary>Why nothing can be locked in this container; null when it can. Asked first, since servers without immutability put the blob and say nothing.</summary>
    internal async ValueTask<StoreFailure?> MissingAsync(CancellationToken cancel)
    {
        if (!_isEnabled)
        {
            BlobContainerProperties found = await _container.GetPropertiesAsync(cancellationToken: cancel);
            _isEnabled = found.HasImmutableStorageWithVersioning;
        }

        return _isEnabled ? null : new StoreFailure(StoreError.Unsupported, "the container has no version-level immutability");
    }
}
