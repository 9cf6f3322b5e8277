using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace HipaaFs.Crypto;

/// <summary>Reads a ring whose checksum has been found right. Every length is checked, for the document may still be forged.</summary>
internal ref struct RingReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest;
    private bool _failed;

    private RingReader(ReadOnlySpan<byte> body) => _rest = body;

    /// <summary>Looks at magic, length and checksums only.</summary>
    public static KeyRingError Check(ReadOnlySpan<byte> document)
    {
        int prefix = Math.Min(document.Length, RingLayout.Magic.Length);
        if (prefix == 0 || !document[..prefix].SequenceEqual(RingLayout.Magic[..prefix]))
        {
            return KeyRingError.NotAKeyRing;
        }

        if (document.Length < RingLayout.PreambleSize)
        {
            return KeyRingError.Truncated;
        }

        ReadOnlySpan<byte> preambleHash = document.Slice(RingLayout.PreambleHashOffset, RingLayout.PreambleHashSize);
        if (!HashOf(document[..RingLayout.PreambleHashOffset], stackalloc byte[RingLayout.HashSize]).StartsWith(preambleHash))
        {
            return KeyRingError.Damaged;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(document[RingLayout.LengthOffset..]);
        if (document.Length < length)
        {
            return KeyRingError.Truncated;
        }

        bool whole = document.Length == length && length is >= RingLayout.MinLength and <= RingLayout.MaxLength
            && HashOf(document[..^RingLayout.HashSize], stackalloc byte[RingLayout.HashSize])
                .SequenceEqual(document[^RingLayout.HashSize..]);
        if (!whole)
        {
            return KeyRingError.Damaged;
        }

        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(document[RingLayout.FormatOffset..]);
        return format > RingLayout.Version ? KeyRingError.NewerFormat : KeyRingError.None;
    }

    /// <summary>Reads the content of a checked document. Returns null when it breaks a rule of the format.</summary>
    public static RingContent? Read(ReadOnlySpan<byte> document)
    {
        ReadOnlySpan<byte> body = document[RingLayout.PreambleSize..^(RingLayout.MacSize + RingLayout.HashSize)];
        uint guards = BinaryPrimitives.ReadUInt32LittleEndian(document[RingLayout.GuardCountOffset..]);
        uint domains = BinaryPrimitives.ReadUInt32LittleEndian(document[RingLayout.DomainCountOffset..]);
        uint keys = BinaryPrimitives.ReadUInt32LittleEndian(document[RingLayout.KeyCountOffset..]);
        if (!ReservedIsZero(document) || guards > body.Length || domains > body.Length || keys > body.Length)
        {
            return null;
        }

        RingContent content = ReadPreamble(document);
        var reader = new RingReader(body);
        for (uint i = 0; i < guards && !reader._failed; i++)
        {
            content.Guards.Add(reader.ReadGuard());
        }

        for (uint i = 0; i < domains && !reader._failed; i++)
        {
            content.Domains.Add(reader.ReadDomain());
        }

        for (uint i = 0; i < keys && !reader._failed; i++)
        {
            content.Keys.Add(reader.ReadKey());
        }

        return !reader._failed && reader._rest.IsEmpty && content.IsConsistent() ? content : null;
    }

    private static Span<byte> HashOf(ReadOnlySpan<byte> bytes, Span<byte> hash)
    {
        SHA256.HashData(bytes, hash);
        return hash;
    }

    private static bool ReservedIsZero(ReadOnlySpan<byte> document) =>
        BinaryPrimitives.ReadUInt16LittleEndian(document[RingLayout.FormatOffset..]) == RingLayout.Version
        && BinaryPrimitives.ReadUInt16LittleEndian(document[RingLayout.ReservedOffset..]) == 0
        && BinaryPrimitives.ReadUInt32LittleEndian(document[RingLayout.SecondReservedOffset..]) == 0;

    private static RingContent ReadPreamble(ReadOnlySpan<byte> document) => new()
    {
        VolumeId = new Guid(document.Slice(RingLayout.VolumeOffset, 16), bigEndian: true),
        Generation = BinaryPrimitives.ReadUInt64LittleEndian(document[RingLayout.GenerationOffset..]),
        Created = BinaryPrimitives.ReadInt64LittleEndian(document[RingLayout.CreatedOffset..]),
        Previous = document.Slice(RingLayout.PreviousOffset, RingLayout.HashSize).ToArray(),
    };

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_failed || _rest.Length < length)
        {
            _failed = true;
            return new byte[length];
        }

        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    private RingGuard ReadGuard()
    {
        ReadOnlySpan<byte> record = Take(RingLayout.GuardSize);
        var guard = new RingGuard(BinaryPrimitives.ReadUInt32LittleEndian(record), []);
        uint wraps = BinaryPrimitives.ReadUInt32LittleEndian(record[4..]);
        for (uint i = 0; i < wraps && !_failed; i++)
        {
            guard.Wraps.Add(ReadWrap());
        }

        return guard;
    }

    private RingWrap ReadWrap()
    {
        ReadOnlySpan<byte> record = Take(RingLayout.WrapFixedSize);
        int kindLength = record[24];
        int labelLength = record[25];
        int parametersLength = BinaryPrimitives.ReadUInt16LittleEndian(record[26..]);
        int ciphertextLength = BinaryPrimitives.ReadUInt16LittleEndian(record[28..]);
        _failed |= kindLength is 0 or > RingLayout.MaxKindLength || labelLength > RingLayout.MaxLabelLength
            || BinaryPrimitives.ReadUInt16LittleEndian(record[30..]) != 0;

        string kind = ReadText(kindLength);
        string label = ReadText(labelLength);
        byte[] parameters = Take(parametersLength).ToArray();
        byte[] ciphertext = Take(ciphertextLength).ToArray();
        return new RingWrap(
            WrapId.Read(record), ReadTime(record[16..]), label, new WrappedKey(kind, parameters, ciphertext));
    }

    private string ReadText(int length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            _failed = true;
            return string.Empty;
        }
    }

    private RingDomain ReadDomain()
    {
        ReadOnlySpan<byte> record = Take(RingLayout.DomainSize);
        var state = (RingDomainState)record[4];
        _failed |= state is not (RingDomainState.Live or RingDomainState.Erased or RingDomainState.Destroyed)
            || record[5..8].ContainsAnyExcept((byte)0);
        return new RingDomain(
            new DomainId(BinaryPrimitives.ReadUInt32LittleEndian(record)), state, ReadTime(record[8..]), EpochId.Read(record[16..]));
    }

    private RingKey ReadKey()
    {
        ReadOnlySpan<byte> record = Take(RingKey.Size);
        var kind = (RingKeyKind)record[0];
        _failed |= kind is not (RingKeyKind.EpochRoot or RingKeyKind.NameSecret)
            || record[1..4].ContainsAnyExcept((byte)0) || record[12..16].ContainsAnyExcept((byte)0);
        return new RingKey(
            kind,
            new DomainId(BinaryPrimitives.ReadUInt32LittleEndian(record[4..])),
            BinaryPrimitives.ReadUInt32LittleEndian(record[8..]),
            ReadTime(record[16..]),
            EpochId.Read(record[24..]),
            record[RingKey.DescriptionSize..].ToArray());
    }

    private long ReadTime(ReadOnlySpan<byte> source)
    {
        long time = BinaryPrimitives.ReadInt64LittleEndian(source);
        _failed |= time is < 0 or > RingLayout.MaxTime;
        return time;
    }
}
