using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Metadata.Changes;

/// <summary>Encodes batches of row changes for the change stream, in no engine's terms.</summary>
/// <remarks>
/// <para>All integers are little-endian; tags, segment ids and epoch ids are 16 bytes, most significant first. u8, u16, u32
/// and u64 are unsigned, i64 is two's complement. "bytes" is a u32 length and that many bytes; "text" is bytes of UTF-8.
/// Times are i64 nanoseconds since 1970-01-01 00:00:00 UTC.</para>
/// <code>
/// batch      0  magic "HFSC"      4
///            4  version           u16   1
///            6  zero              u16
///            8  first sequence    u64   in a dump first = last = the commit the dump shows
///           16  last sequence     u64
///           24  count             u32   number of changes
///           28  changes
///
/// change     0  table             u8    see below
///            1  kind              u8    1 upsert: key, row; 2 tombstone: key; 3 past row: key, row, died u64
///            2  length            u32   bytes that follow; a reader skips what it does not know at the end of them
///            6  key, row, died
///
/// table          key                         row
///  1 inode       inode u64                   born u64, version u64, mode u32, uid u32, gid u32, links u32, device u32,
///                                            domain u32, placement u32, flags u32, size i64, allocated i64,
///                                            access, modify, change, birth time i64 each            (96 bytes)
///  2 entry       parent u64, tag 16          born u64, inode u64, sealed name bytes
///  3 xattr       inode u64, tag 16           born u64, sealed name bytes, sealed value bytes
///  4 symlink     inode u64                   born u64, sealed target bytes
///  5 extent      inode u64, offset u64       born u64, length u64, segment 16, plaintext offset u64
///  6 segment     segment 16                  epoch 16, domain u32, class u8, state u8, zero u16, placement u32,
///                                            plaintext length i64, object length i64, created i64, changed i64,
///                                            copies u64 (a row of an older writer ends before it)
///  7 orphan      inode u64                   session u64
///  8 session     session u64                 process u32, is closed u8, zero u8 x 3, opened i64, closed i64 (0 when
///                                            it is not), host text
///  9 snapshot    snapshot u64                created i64, label bytes (empty, or tag 16 and sealed name, as of directory 0)
/// 10 setting     name text                   value bytes
/// 11 counter     counter u32                 value u64      counter 1: lowest inode number never set aside for use;
///                                            2: lowest snapshot number never given
/// </code>
/// <para>Mode and device number are those of Linux. Inode flags: 1 has extended attributes, 2 has an access ACL, 4 has a
/// default ACL. Segment class as in a segment's header; state 1 staged, 2 live, 3 condemned. Copies: bit n
/// is set when store number n has the segment's object; a staged segment has none, and without the field a live or condemned one
/// is in store 0. An extent's row covers the
/// file's bytes from offset to offset + length, and extents of a file never overlap; bytes that none covers and that are
/// below the size are zeros.</para>
/// <para>A batch holds a key once, with its last state; the order of changes in it has no meaning. A tombstone of an inode
/// also ends its symlink, xattr and extent rows, which then have no tombstones of their own; inode numbers never come back.
/// A snapshot is the only snapshot row of the first batch that has it, and everything else in that batch came after it:
/// a reader that keeps history applies snapshot rows first. A row born before the epoch (counter 2, or newest snapshot + 1)
/// that a batch replaces or ends is what the snapshots since its birth show. With a snapshot's tombstone go the past rows
/// that no other snapshot shows.</para>
/// <para>Past rows are in dumps. Elsewhere they are extents whose data has moved to another segment: each replaces the past row of
/// the same inode, offset and birth. A row that was split for it keeps its key and becomes shorter, and the other pieces are new rows
/// with its birth and death. In such a batch are no other changes than those of extents, live and past, that refer to moved data.</para>
/// </remarks>
public static class ChangeCodec
{
    /// <summary>Version of the encoding.</summary>
    public const ushort Version = 1;

    /// <summary>Length in bytes of what precedes the changes.</summary>
    public const int HeaderSize = 28;

    private const int CountOffset = 24;

    /// <summary>Encodes one batch.</summary>
    public static ChangeBatch Encode(CommitSequence first, CommitSequence last, IReadOnlyList<RowChange> changes)
    {
        var writer = new ChangeWriter();
        foreach (RowChange change in changes)
        {
            writer.Write(change);
        }

        return new ChangeBatch(first, last, writer.Finish(first, last));
    }

    /// <summary>Cuts a batch into several that are at most so long and, applied one after the other, do the same; a change that is longer has a batch of its own.</summary>
    /// <remarks>
    /// What a batch does first, its snapshots and their numbers, comes first in what <see cref="IMetadataStore.ChangesSinceAsync"/> and dumps encode, so that it is done first here too.
    /// What cannot be taken apart is given back as it is: whoever applies it refuses it.
    /// </remarks>
    public static IEnumerable<ChangeBatch> Split(ChangeBatch batch, int maxLength)
    {
        if (batch.Encoded.Length <= maxLength)
        {
            yield return batch;
            yield break;
        }

        int start = HeaderSize;
        int at = HeaderSize;
        uint count = 0;
        while (ChangeReader.TryFindEnd(batch.Encoded.Span, at, out int end))
        {
            if (count > 0 && HeaderSize + end - start > maxLength)
            {
                yield return Piece(batch, start, at, count);
                start = at;
                count = 0;
            }

            at = end;
            count++;
        }

        yield return start == HeaderSize ? batch : Piece(batch, start, batch.Encoded.Length, count);
    }

    /// <summary>Decodes one batch. Tables and kinds of later versions are refused, longer rows are read as far as they are known.</summary>
    /// <param name="encoded">The whole batch.</param>
    /// <param name="changes">Its changes; memory in them refers to <paramref name="encoded"/>.</param>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out IReadOnlyList<RowChange>? changes) =>
        ChangeReader.TryRead(encoded, out changes);

    private static ChangeBatch Piece(ChangeBatch batch, int start, int end, uint count)
    {
        byte[] encoded = new byte[HeaderSize + end - start];
        batch.Encoded.Span[..HeaderSize].CopyTo(encoded);
        batch.Encoded.Span[start..end].CopyTo(encoded.AsSpan(HeaderSize));
        BinaryPrimitives.WriteUInt32LittleEndian(encoded.AsSpan(CountOffset), count);
        return batch with { Encoded = encoded };
    }
}
