using System.Security.Cryptography;
using HipaaFs.Staging;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Volumes;

/// <summary>Opens a volume's store and makes sure that it is this volume's.</summary>
internal static class VolumeStore
{
    /// <summary>Opens a store.</summary>
    /// <exception cref="VolumeException">It cannot be opened.</exception>
    internal static MeteringObjectStore Open(ObjectStores stores, StoreUrl url, bool create, ILoggerFactory loggers, TimeProvider time)
    {
        try
        {
            return stores.Open(url, new StoreOptions { Create = create }, time, loggers.CreateLogger("HipaaFs.Storage"));
        }
        catch (StoreOpenException exception)
        {
            throw new VolumeException(VolumeFailure.Store, $"open store {url}: {exception.Message}", "check the store's URL and whether it is reachable", exception);
        }
    }

    /// <summary>What to say of a request that a store did not do.</summary>
    /// <param name="doing">What was being done, and to which store.</param>
    /// <param name="failure">What the store said.</param>
    /// <param name="also">What else there is to know, half a sentence; null for nothing.</param>
    internal static VolumeException Failed(string doing, StoreFailure failure, string? also = null)
    {
        StoreAdvice advice = StoreAdvice.For(failure);
        return new VolumeException(VolumeFailure.Store, $"{doing}: {advice.Meaning}", also is null ? advice.Action : $"{advice.Action}; {also}");
    }

    /// <summary>Reads whose store it is and compares. A store that does not say is not an error here: staged data can wait.</summary>
    /// <returns>Null when it is the volume's; else why that could not be read.</returns>
    /// <exception cref="VolumeException">It belongs to another volume, to none, or to a newer version.</exception>
    internal static async Task<StoreFailure?> IdentifyAsync(IObjectStore store, StoreUrl url, Guid volumeId, CancellationToken cancel)
    {
        byte[] content = new byte[VolumeIdentity.MaxLength];
        StoreResult<int> read = await store.ReadAsync(StoreLayout.Volume, EntityTag.Any, 0, content, cancel);
        if (!read.Succeeded)
        {
            return read.Error != StoreError.NotFound
                ? read.Failure
                : throw new VolumeException(
                    VolumeFailure.Store,
                    $"open store {url}: it holds no volume",
                    "check the store's URL; if it is a mounted directory, check that it is mounted");
        }

        VolumeIdentity identity = Parse(content.AsSpan(0, read.Value), url);
        return identity.Id == volumeId
            ? null
            : throw new VolumeException(
                VolumeFailure.Store, $"open store {url}: it belongs to volume {identity.Id}, not to {volumeId}", "check the store's URL");
    }

    /// <summary>Tries out whether claims in a store fence, without which it cannot be the home.</summary>
    /// <exception cref="VolumeException">They do not, or it does not answer.</exception>
    internal static async Task ProveHomeAsync(IObjectStore store, string name, CancellationToken cancel)
    {
        StoreResult<StoreCapabilities> probe = await StoreProbe.RunAsync(store, cancel);
        if (!probe.Succeeded)
        {
            throw Failed($"make store {name} the volume's home: it does not work", probe.Failure!);
        }

        if (!probe.Value.PutIfAbsent)
        {
            throw new VolumeException(
                VolumeFailure.Refused,
                $"make store {name} the volume's home: it does not honour conditional writes, so that two machines could overwrite each other",
                "use a store, or an unversioned bucket, that does");
        }
    }

    /// <summary>Puts a small object on which everything else in the store hangs, and reads it back: no answer is believed about it.</summary>
    internal static async ValueTask<StoreError> PutAsync(
        IObjectStore store, ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> put = await store.PutAsync(key, content, condition, cancel);
        return put.Succeeded || put.Error == StoreError.AlreadyExists ? await CheckAsync(store, key, content, cancel) : put.Error;
    }

    /// <summary>Reads an object back and compares it with what it should be.</summary>
    internal static ValueTask<StoreError> CheckAsync(IObjectStore store, ObjectKey key, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        new UploadVerification(store).CheckObjectAsync(key, content.Length, () => SHA256.HashData(content.Span), cancel);

    /// <summary>Takes <c>volume.json</c> apart.</summary>
    /// <exception cref="VolumeException">It is damaged or of a newer version.</exception>
    internal static VolumeIdentity Parse(ReadOnlySpan<byte> content, StoreUrl url)
    {
        VolumeIdentity? identity = VolumeIdentity.TryParse(content);
        if (identity is null || identity.Id == Guid.Empty)
        {
            throw new VolumeException(
                VolumeFailure.Integrity, $"open store {url}: its volume.json is damaged", "write it again; docs/format.md says what belongs in it");
        }

        return identity.Format <= VolumeIdentity.CurrentFormat
            ? identity
            : throw new VolumeException(
                VolumeFailure.UnsupportedFormat, $"open store {url}: it has format {identity.Format}, this version reads up to {VolumeIdentity.CurrentFormat}", "install a newer hipaafs");
    }
}
