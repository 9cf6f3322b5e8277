using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace HipaaFs.Crypto;

/// <summary>Writes a ring: preamble, guards with their wraps, domains, sealed keys, authentication code, checksum.</summary>
internal static class RingWriter
{
    /// <summary>Writes the whole document.</summary>
    public static byte[] Write(RingContent content, ReadOnlySpan<byte> macKey)
    {
        var body = new ArrayBufferWriter<byte>();
        foreach (RingGuard guard in content.Guards)
        {
            WriteGuard(body, guard);
        }

        foreach (RingDomain domain in content.Domains)
        {
            WriteDomain(body, domain);
        }

        foreach (RingKey key in content.Keys)
        {
            Span<byte> record = body.GetSpan(RingKey.Size);
            key.WriteDescription(record);
            key.Box.CopyTo(record[RingKey.DescriptionSize..]);
            body.Advance(RingKey.Size);
        }

        if (body.WrittenCount > RingLayout.MaxLength - RingLayout.MinLength)
        {
            throw new InvalidOperationException("encode key ring: it has more domains and epochs than the format holds");
        }

        byte[] document = new byte[RingLayout.MinLength + body.WrittenCount];
        WritePreamble(document, content);
        body.WrittenSpan.CopyTo(document.AsSpan(RingLayout.PreambleSize));
        int macOffset = document.Length - RingLayout.HashSize - RingLayout.MacSize;
        int hashOffset = document.Length - RingLayout.HashSize;
        HMACSHA256.HashData(macKey, document.AsSpan(0, macOffset), document.AsSpan(macOffset, RingLayout.MacSize));
        SHA256.HashData(document.AsSpan(0, hashOffset), document.AsSpan(hashOffset));
        return document;
    }

    private static void WritePreamble(Span<byte> document, RingContent content)
    {
        RingLayout.Magic.CopyTo(document);
        BinaryPrimitives.WriteUInt16LittleEndian(document[RingLayout.FormatOffset..], RingLayout.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(document[RingLayout.LengthOffset..], (uint)document.Length);
        content.VolumeId.TryWriteBytes(document[RingLayout.VolumeOffset..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(document[RingLayout.GenerationOffset..], content.Generation);
        BinaryPrimitives.WriteInt64LittleEndian(document[RingLayout.CreatedOffset..], content.Created);
        content.Previous.CopyTo(document[RingLayout.PreviousOffset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(document[RingLayout.GuardCountOffset..], (uint)content.Guards.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(document[RingLayout.DomainCountOffset..], (uint)content.Domains.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(document[RingLayout.KeyCountOffset..], (uint)content.Keys.Count);

        Span<byte> hash = stackalloc byte[RingLayout.HashSize];
        SHA256.HashData(document[..RingLayout.PreambleHashOffset], hash);
        hash[..RingLayout.PreambleHashSize].CopyTo(document[RingLayout.PreambleHashOffset..]);
    }

    private static void WriteGuard(ArrayBufferWriter<byte> body, RingGuard guard)
    {
        Span<byte> record = body.GetSpan(RingLayout.GuardSize);
        BinaryPrimitives.WriteUInt32LittleEndian(record, guard.Id);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)guard.Wraps.Count);
        body.Advance(RingLayout.GuardSize);
        foreach (RingWrap wrap in guard.Wraps)
        {
            WriteWrap(body, wrap);
        }
    }

    private static void WriteWrap(ArrayBufferWriter<byte> body, RingWrap wrap)
    {
        byte[] kind = Encoding.ASCII.GetBytes(wrap.Key.Kind);
        byte[] label = Encoding.UTF8.GetBytes(wrap.Label);
        Span<byte> record = body.GetSpan(RingLayout.WrapFixedSize);
        record[..RingLayout.WrapFixedSize].Clear();
        wrap.Id.Write(record);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], wrap.Created);
        record[24] = (byte)kind.Length;
        record[25] = (byte)label.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(record[26..], checked((ushort)wrap.Key.Parameters.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(record[28..], checked((ushort)wrap.Key.Ciphertext.Length));
        body.Advance(RingLayout.WrapFixedSize);
        body.Write(kind);
        body.Write(label);
        body.Write(wrap.Key.Parameters.Span);
        body.Write(wrap.Key.Ciphertext.Span);
    }

    private static void WriteDomain(ArrayBufferWriter<byte> body, RingDomain domain)
    {
        Span<byte> record = body.GetSpan(RingLayout.DomainSize);
        record[..RingLayout.DomainSize].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record, domain.Id.Value);
        record[4] = (byte)domain.State;
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], domain.Created);
        domain.CurrentEpoch.Write(record[16..]);
        body.Advance(RingLayout.DomainSize);
    }
}
