using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Platform;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Shipping;

/// <summary>Puts the objects of a disk into a store, on a machine that has neither the volume nor its keys.</summary>
/// <remarks>
/// Each is held against the manifest before, and what the store has against it after. That proves that nothing was damaged on the way; that it is what was sealed, the mount proves when it takes it. The store must have
/// the mark of the volume already: the mount has registered it. Run again it goes on; what is there is read back.
/// </remarks>
public sealed class ShipmentUpload
{
    private const int AtOnce = 4;

    private readonly ShipmentManifest _manifest;
    private readonly string _directory;
    private readonly IObjectStore _store;
    private readonly StoreUrl _url;

    /// <param name="manifest">What is on the disk.</param>
    /// <param name="directory">Where.</param>
    /// <param name="store">Who gets it; the caller's.</param>
    /// <param name="url">Its URL, for messages.</param>
    public ShipmentUpload(ShipmentManifest manifest, string directory, IObjectStore store, StoreUrl url)
    {
        _manifest = manifest;
        _directory = directory;
        _store = store;
        _url = url;
    }

    /// <summary>Does it.</summary>
    /// <param name="progress">Told how far it is, by one at a time.</param>
    /// <param name="cancel">Ends it; what is there stays.</param>
    /// <exception cref="VolumeException">The store is not the volume's, or does not say whose it is.</exception>
    public async Task<ShipmentReport> RunAsync(IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        long total = _manifest.Objects.Sum(static shipped => shipped.Length);
        var none = new ShipmentReport(0, 0, _manifest.Objects.Count, total);
        if (await VolumeStore.IdentifyAsync(_store, _url, _manifest.Volume, cancel) is { } failure)
        {
            throw VolumeStore.Failed($"upload the disk to {_url}: ask whose store it is", failure, "nothing was uploaded");
        }

        ShipmentReport report = none;
        var refused = new List<string>();
        StoreError stopped = StoreError.None; // This and the two above under the lock of the list.
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ends.Token };
        long done = 0;
        try
        {
            await Parallel.ForEachAsync(_manifest.Objects, options, async (shipped, until) =>
            {
                StoreError put = await PutAsync(shipped, until);
                lock (refused)
                {
                    done += shipped.Length;
                    switch (put)
                    {
                        case StoreError.None:
                            report = new ShipmentReport(report.Segments + 1, report.Bytes + shipped.Length, report.LeftSegments - 1, report.LeftBytes - shipped.Length);
                            break;
                        case StoreError.Corrupt:
                            refused.Add(shipped.Key);
                            break;
                        default:
                            stopped = put;
                            ends.Cancel();
                            break;
                    }

                    progress.Report(new ShipmentProgress(done, total));
                }
            });
        }
        catch (OperationCanceledException) when (stopped != StoreError.None && !cancel.IsCancellationRequested)
        {
            // The store takes no more; why is said below.
        }

        return report with { Refused = [.. refused.Order(StringComparer.Ordinal).Take(ShipmentReport.MostNamed)], RefusedObjects = refused.Count, Stopped = stopped };
    }

    // Corrupt: the disk does not have it as it was written.
    private async Task<StoreError> PutAsync(ShippedObject shipped, CancellationToken cancel)
    {
        if (!SegmentId.TryParse(shipped.Key.AsSpan(shipped.Key.LastIndexOf('/') + 1), out SegmentId segment) || StoreLayout.Segment(segment).Value != shipped.Key)
        {
            return StoreError.Corrupt;
        }

        string path = Path.Combine(_directory, shipped.Key);
        ReadOnlyMemory<byte> digest = await HashAsync(path, shipped.Length, cancel);
        if (digest.IsEmpty || !string.Equals(Convert.ToHexString(digest.Span), shipped.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            return StoreError.Corrupt;
        }

        ObjectKey key = StoreLayout.Segment(segment);
        var verification = new UploadVerification(_store);
        var options = new PutOptions { Condition = PutCondition.IfAbsent, MayLink = false };
        StoreResult<ObjectProperties> put = await _store.PutFileAsync(key, new UploadSource(path, shipped.Length) { Sha256 = digest }, options, cancel);
        return put.Succeeded ? await verification.CheckAnswerAsync(put.Value, shipped.Length, () => digest, cancel)
            : put.Error == StoreError.AlreadyExists ? await verification.CheckObjectAsync(key, shipped.Length, () => digest, cancel)
            : put.Error;
    }

    // Empty when it is not there in its length, or cannot be read.
    private static async Task<ReadOnlyMemory<byte>> HashAsync(string path, long length, CancellationToken cancel)
    {
        try
        {
            using SafeFileHandle file = DurableFile.OpenRead(path);
            if (RandomAccess.GetLength(file) != length)
            {
                return default;
            }

            await using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
            return await SHA256.HashDataAsync(stream, cancel);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
