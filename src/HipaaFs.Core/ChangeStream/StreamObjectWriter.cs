using System.Buffers.Binary;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.ChangeStream;

/// <summary>Seals change batches into objects of the change stream and puts them into the store, one after the other.</summary>
internal sealed class StreamObjectWriter
{
    /// <summary>Most plaintext bytes of one object.</summary>
    internal const int MaxPlaintext = 1 << 24;

    /// <summary>Longest batch; a commit that changed more is published as several. It bounds what a restore applies at once.</summary>
    internal const int MaxBatch = 1 << 22;

    private const int LengthSize = 4;

    private readonly KeyRing _ring;
    private readonly IObjectStore _store;
    private readonly UploadVerification _verification;
    private readonly string _directory;

    internal StreamObjectWriter(KeyRing ring, IObjectStore store, string directory)
    {
        _ring = ring;
        _store = store;
        _verification = new UploadVerification(store);
        _directory = directory;
    }

    /// <summary>How staging's disk fails; null when it does not need to.</summary>
    internal DiskFault? Fault { get; init; }

    /// <summary>Plaintext bytes that a batch takes up in an object.</summary>
    internal static int PlaintextOf(ChangeBatch batch) => LengthSize + batch.Encoded.Length;

    /// <summary>Whether the disk takes so many bytes more.</summary>
    internal Func<long, bool> HasRoomFor { get; init; } = static _ => true;

    /// <summary>Seals and puts one object. Returns its SHA-256.</summary>
    internal async ValueTask<StoreResult<byte[]>> PutAsync(
        ObjectKey key, StreamPreamble preamble, IReadOnlyList<ChangeBatch> batches, CancellationToken cancel)
    {
        StoreResult<SealedStreamObject> made = Seal(key, preamble, batches);
        if (!made.Succeeded)
        {
            return made.Error;
        }

        StoreError error = await PutAsync(made.Value, cancel);
        return error == StoreError.None ? made.Value.Source.Sha256.ToArray() : error;
    }

    /// <summary>Seals one object on the local disk.</summary>
    internal StoreResult<SealedStreamObject> Seal(ObjectKey key, StreamPreamble preamble, IReadOnlyList<ChangeBatch> batches)
    {
        string path = Path.Combine(_directory, "stream-" + Path.GetRandomFileName());
        try
        {
            return new SealedStreamObject(key, Seal(path, preamble, batches));
        }
        catch (IOException exception)
        {
            Remove(path);
            return Failed(exception);
        }
    }

    /// <summary>Puts what was sealed, and deletes it here whatever came of it.</summary>
    internal async ValueTask<StoreError> PutAsync(SealedStreamObject made, CancellationToken cancel)
    {
        UploadSource source = made.Source;
        try
        {
            StoreResult<ObjectProperties> put = await _store.PutFileAsync(made.Key, source, new PutOptions { Condition = PutCondition.IfAbsent }, cancel);
            return put.Succeeded ? await _verification.CheckAnswerAsync(put.Value, source.Length, () => source.Sha256, cancel) : put.Error;
        }
        catch (IOException exception)
        {
            return Failed(exception);
        }
        finally
        {
            Remove(source.Path);
        }
    }

    /// <summary>Deletes a sealed object on the local disk; one that the disk does not let go of is the next mount's.</summary>
    internal static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What was put is in the store whether or not the disk lets go of it here. Nothing refers to the file; the next mount removes it.
        }
    }

    private static StoreError Failed(IOException exception) =>
        DiskErrors.Classify(exception) == FsError.NoSpace ? StoreError.NoSpace : StoreError.Unavailable;

    private UploadSource Seal(string path, StreamPreamble preamble, IReadOnlyList<ChangeBatch> batches)
    {
        var header = new SegmentHeader(SegmentId.NewRandom(), _ring.CurrentEpoch(DomainId.Root), RecordClass.ChangeStream);
        SafeFileHandle file = DurableFile.CreatePrivate(path);
        using var writer = new SegmentWriter(header, _ring.OpenSegment(header), file, Fault);
        writer.Write(preamble.Encode());
        byte[] length = new byte[LengthSize];
        foreach (ChangeBatch batch in batches)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)batch.Encoded.Length);
            writer.Write(length);
            writer.Write(batch.Encoded.Span);
        }

        return new UploadSource(path, writer.Finish()) { Sha256 = writer.Sha256 };
    }
}
