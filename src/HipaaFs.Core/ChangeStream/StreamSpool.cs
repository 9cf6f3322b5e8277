using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.ChangeStream;

/// <summary>Sealed objects of one publication that wait on the local disk, in order, until whoever reads the rows is done with it.</summary>
/// <remarks>
/// All rows are read in one transaction of the database, and as long as that is open the database's log cannot be begun anew: it would grow for as long as a slow store
/// takes. So the objects are written here first, at the speed of the disk. They take no more than half of its free room: beyond that they go to the store while the
/// transaction waits. Not thread-safe.
/// </remarks>
internal sealed class StreamSpool : IDisposable
{
    private readonly Queue<SealedStreamObject> _waiting = new();
    private readonly StreamObjectWriter _objects;
    private long _bytes;

    internal StreamSpool(StreamObjectWriter objects) => _objects = objects;

    /// <summary>Seals one object. Returns its SHA-256, which the next one names.</summary>
    internal async ValueTask<StoreResult<byte[]>> AddAsync(
        ObjectKey key, StreamPreamble preamble, IReadOnlyList<ChangeBatch> batches, CancellationToken cancel)
    {
        if (!_objects.HasRoomFor(_bytes + StreamObjectWriter.MaxPlaintext))
        {
            StoreError error = await PutAllAsync(cancel);
            if (error != StoreError.None)
            {
                return error;
            }
        }

        StoreResult<SealedStreamObject> added = _objects.Seal(key, preamble, batches);
        if (!added.Succeeded)
        {
            return added.Error;
        }

        _waiting.Enqueue(added.Value);
        _bytes += added.Value.Source.Length;
        return added.Value.Source.Sha256.ToArray();
    }

    /// <summary>Puts everything that waits, in order, up to the first that the store does not take.</summary>
    internal async ValueTask<StoreError> PutAllAsync(CancellationToken cancel)
    {
        while (_waiting.TryDequeue(out SealedStreamObject next))
        {
            _bytes -= next.Source.Length;
            StoreError error = await _objects.PutAsync(next, cancel);
            if (error != StoreError.None)
            {
                return error;
            }
        }

        return StoreError.None;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_waiting.TryDequeue(out SealedStreamObject left))
        {
            StreamObjectWriter.Remove(left.Source.Path); // The error that ended the publication is the one to tell.
        }
    }
}
