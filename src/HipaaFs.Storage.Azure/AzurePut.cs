using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.Azure;

/// <summary>Puts objects: small ones in one request, large ones in blocks, several at a time, each checked by the server.</summary>
/// <remarks>
/// A block's name holds its number, length and MD5, so a put that was interrupted finds what it sent and sends only the rest. Blocks that are never committed Azure itself
/// removes after a week.
/// </remarks>
internal sealed class AzurePut
{
    private const int MostBlocks = 50_000;

    private readonly AzureConnection _connection;
    private readonly AzureStoreOptions _options;
    private readonly PartSlots _slots;

    internal AzurePut(AzureConnection connection, AzureStoreOptions options)
    {
        _connection = connection;
        _options = options;
        _slots = new PartSlots(options.ParallelBlocks);
    }

    /// <summary>Puts bytes from memory.</summary>
    internal async ValueTask<BlobContentInfo> PutAsync(string name, ReadOnlyMemory<byte> content, PutOptions options, CancellationToken cancel)
    {
#pragma warning disable CA5351 // The checksum of the protocol, against damage on the way.
        byte[] md5 = MD5.HashData(content.Span);
#pragma warning restore CA5351
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await PutAsync(name, stream, md5, options, cancel);
    }

    /// <summary>Puts a whole file in one request.</summary>
    internal async ValueTask<BlobContentInfo> PutAsync(string name, SafeFileHandle file, long length, byte[] md5, PutOptions options, CancellationToken cancel)
    {
        using var stream = new FileRangeStream(file, 0, length);
        return await PutAsync(name, stream, md5, options, cancel);
    }

    /// <summary>Puts a file in blocks.</summary>
    /// <returns>SHA-256 of the file; the object, null when the file is not what its source says; whether all blocks were sent, and checked, now.</returns>
    internal async ValueTask<(byte[] Sha256, BlobContentInfo? Put, bool IsProven)> PutBlocksAsync(
        string name, SafeFileHandle file, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        BlockBlobClient blob = _connection.Container.GetBlockBlobClient(name);
        Dictionary<string, long> present = source.IsNew ? [] : await PresentAsync(blob, cancel);
        using var digests = new FileDigests();
        List<string> blocks = await SendAsync(blob, file, source.Length, present, digests, cancel);
        byte[] sha256 = digests.Whole();
        if (!UploadSources.Matches(source, sha256))
        {
            return (sha256, null, false); // Not committed: what was there before stays.
        }

        var commit = new CommitBlockListOptions
        {
            Conditions = ConditionsOf(options),
            AccessTier = AzureTiers.Of(options.Tier),
            ImmutabilityPolicy = AzureLocks.PolicyOf(options.Protection.Retention),
            LegalHold = options.Protection.LegalHold ? true : null,
        };
        BlobContentInfo put = await blob.CommitBlockListAsync(blocks, commit, cancel);
        return (sha256, put, !blocks.Exists(present.ContainsKey));
    }

    private static BlobRequestConditions? ConditionsOf(PutOptions options) =>
        options.Condition == PutCondition.IfAbsent ? new BlobRequestConditions { IfNoneMatch = ETag.All } : null;

    private static UploadTransferValidationOptions Checked(byte[] md5) =>
        new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5, PrecalculatedChecksum = md5 };

    private async ValueTask<BlobContentInfo> PutAsync(string name, Stream content, byte[] md5, PutOptions options, CancellationToken cancel)
    {
        var upload = new BlobUploadOptions
        {
            Conditions = ConditionsOf(options),
            AccessTier = AzureTiers.Of(options.Tier), // Said always: an account may have another default.
            ImmutabilityPolicy = AzureLocks.PolicyOf(options.Protection.Retention),
            LegalHold = options.Protection.LegalHold ? true : null,
            TransferOptions = new StorageTransferOptions { InitialTransferSize = long.MaxValue, MaximumConcurrency = 1 },
            TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        };
        BlobContentInfo put = await _connection.Container.GetBlockBlobClient(name).UploadAsync(content, upload, cancel);

        // The SDK checks what it sent; that this is what was hashed shows only here.
        return put.ContentHash is null || put.ContentHash.AsSpan().SequenceEqual(md5)
            ? put
            : throw new RequestFailedException(400, "the store took other bytes", "Md5Mismatch", innerException: null);
    }

    private static async ValueTask<Dictionary<string, long>> PresentAsync(BlockBlobClient blob, CancellationToken cancel)
    {
        try
        {
            BlockList list = await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancel);
            return list.UncommittedBlocks.ToDictionary(static block => block.Name, static block => block.SizeLong);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == "BlobNotFound")
        {
            return [];
        }
    }

    private async ValueTask<List<string>> SendAsync(
        BlockBlobClient blob, SafeFileHandle file, long length, Dictionary<string, long> present, FileDigests digests, CancellationToken cancel)
    {
        long blockLength = Math.Max(_options.BlockLength, (length + MostBlocks - 1) / MostBlocks);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        long turn = _slots.Begin();
        var blocks = new List<string>();
        var sending = new List<Task>();
        try
        {
            for (long offset = 0; offset < length && !sending.Exists(static task => task.IsFaulted); offset += blockLength)
            {
                long run = Math.Min(blockLength, length - offset);
                byte[] md5 = digests.Next(file, offset, run); // Before there is a slot, which has nothing to send meanwhile.
                string block = NameOf(blocks.Count, run, md5);
                blocks.Add(block);
                if (present.TryGetValue(block, out long size) && size == run)
                {
                    continue;
                }

                await _slots.EnterAsync(turn, stop.Token);
                sending.Add(_slots.LeaveAfterAsync(turn, SendBlockAsync(blob, block, new FileRangeStream(file, offset, run), md5, stop.Token)));
            }

            await Task.WhenAll(sending);
            return blocks;
        }
        finally
        {
            // Every block borrows the file: nothing may be under way when it goes.
            await stop.CancelAsync();
            await Task.WhenAll(sending).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    // All names of one object's blocks have the same length, as the protocol wants.
    private static string NameOf(int number, long length, byte[] md5)
    {
        Span<byte> name = stackalloc byte[4 + 8 + 16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(name, number);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(name[4..], length);
        md5.CopyTo(name[12..]);
        return Convert.ToBase64String(name);
    }

    private static async Task<BlockInfo> SendBlockAsync(BlockBlobClient blob, string block, FileRangeStream content, byte[] md5, CancellationToken cancel)
    {
        await using (content)
        {
            return await blob.StageBlockAsync(block, content, new BlockBlobStageBlockOptions { TransferValidation = Checked(md5) }, cancel);
        }
    }
}
