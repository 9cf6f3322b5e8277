using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Transfer;

/// <summary>The objects below a URL, with their names as they are.</summary>
internal sealed class BucketTree : PlainTree
{
    private const int PageLength = 1000;

    private readonly IObjectStore _store;

    /// <summary>Takes over a store that was opened with <see cref="StoreOptions.ForeignKeys"/>.</summary>
    public BucketTree(string name, IObjectStore store)
    {
        Name = name;
        _store = store;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<PlainFile> ListAsync(Action<TransferFailure> skipped, [EnumeratorCancellation] CancellationToken cancel)
    {
        ObjectKey? after = null;
        var told = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            StoreResult<ObjectPage> page = await _store.ListAsync(string.Empty, after, PageLength, cancel);
            if (!page.Succeeded)
            {
                throw Failed("list", page.Failure!);
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                yield return new PlainFile(found.Key.Value, found.Length, found.Tag.Value ?? string.Empty, found.LastModified) { Md5 = found.Md5 };
            }

            foreach (string name in page.Value.Unusable.Where(name => !name.EndsWith('/') && told.Add(name)))
            {
                skipped(new TransferFailure(name, "its name is no path"));
            }

            if (!page.Value.More)
            {
                break;
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(PlainFile file, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        StoreResult<int> read = await _store.ReadAsync(KeyOf(file.Path), new EntityTag(file.Version), offset, destination, cancel);
        return read.Succeeded ? read.Value : throw Failed("read", read.Failure!);
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> VouchesForAsync(PlainFile file, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(KeyOf(file.Path), cancel);
        return found.Succeeded ? found.Value.Md5 == file.Md5 : throw Failed("look up", found.Failure!);
    }

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> TryReadAllAsync(string path, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(KeyOf(path), cancel);
        if (found.Error == StoreError.NotFound)
        {
            return null;
        }

        if (!found.Succeeded)
        {
            throw Failed("look up", found.Failure!);
        }

        byte[] content = new byte[found.Value.Length];
        StoreResult<int> read = await _store.ReadAsync(found.Value.Key, found.Value.Tag, 0, content, cancel);
        return read.Succeeded && read.Value == content.Length ? content : throw Failed("read", read.Failure ?? StoreFailure.Of(StoreError.Corrupt));
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> HasAsync(string path, long length, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(KeyOf(path), cancel);
        return found.Succeeded || found.Error == StoreError.NotFound
            ? found.Succeeded && found.Value.Length == length
            : throw Failed("look up", found.Failure!);
    }

    /// <inheritdoc/>
    /// <remarks>The store takes a file by its name, so the source must be a directory. It is read twice: once for the checksum that the store then compares.</remarks>
    public override async Task<CopiedContent> CopyFromAsync(PlainTree source, PlainFile file, string path, CopyCheck check, CancellationToken cancel)
    {
        if (source is not DirectoryTree directory)
        {
            throw new TransferException("objects are put from files only");
        }

        CopiedContent read = await ChunkReader.ReadAsync(source, file, static (_, _) => ValueTask.CompletedTask, cancel);
        check.Verify(read.Sha256);
        var upload = new UploadSource(directory.FullPathOf(file.Path), file.Length) { Sha256 = read.Sha256 };
        StoreResult<ObjectProperties> put = await _store.PutFileAsync(KeyOf(path), upload, PutOptions.Default, cancel);
        if (!put.Succeeded)
        {
            throw put.Error == StoreError.Corrupt
                ? new TransferException("it was written to while it was copied, or arrived damaged")
                : Failed("put", put.Failure!);
        }

        byte[] stored = put.Value.Sha256.IsEmpty ? await HashOfAsync(put.Value, cancel) : put.Value.Sha256.ToArray();
        if (!read.Sha256.AsSpan().SequenceEqual(stored))
        {
            throw new TransferException("the store does not give back what was put");
        }

        check.Copied(file.Length);
        return read;
    }

    /// <inheritdoc/>
    public override async Task WriteAllAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> put = await _store.PutAsync(KeyOf(path), content, PutCondition.None, cancel);
        if (!put.Succeeded)
        {
            throw Failed("put", put.Failure!);
        }
    }

    /// <inheritdoc/>
    public override async Task RemoveAsync(string path, CancellationToken cancel)
    {
        StoreResult<bool> deleted = await _store.DeleteAsync(KeyOf(path), EntityTag.Any, cancel);
        if (!deleted.Succeeded)
        {
            throw Failed("delete", deleted.Failure!);
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _store.DisposeAsync();

    private async Task<byte[]> HashOfAsync(ObjectProperties put, CancellationToken cancel)
    {
        var file = new PlainFile(put.Key.Value, put.Length, put.Tag.Value ?? string.Empty, put.LastModified);
        return (await ChunkReader.ReadAsync(this, file, static (_, _) => ValueTask.CompletedTask, cancel)).Sha256;
    }

    private static ObjectKey KeyOf(string path) => ObjectKey.TryParse(path, isForeign: true, out ObjectKey key)
        ? key
        : throw new TransferException("its path is longer than the 1,024 bytes that an object's name may have");

    private static TransferException Failed(string what, StoreFailure failure) =>
        new($"the store could not {what} it: {StoreAdvice.For(failure).Meaning}");
}
