using System.Security.Cryptography;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Transfer;

/// <summary>Takes the MD5 of a file that is read from its beginning to its end, in the way in which its store took it.</summary>
internal sealed class StoredMd5 : IDisposable
{
    private const long MiB = 1 << 20;

    // What programs cut objects into, the most usual first; the rest is multiples of a MiB.
    private static readonly long[] UsualPartLengths = [8 * MiB, 16 * MiB, 5 * MiB, 64 * MiB, 32 * MiB, 15 * MiB, 10 * MiB, 50 * MiB, 100 * MiB, 25 * MiB, 128 * MiB];

#pragma warning disable CA5351 // As the stores have it, against damage.
    private readonly IncrementalHash _part = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash _parts = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351

    private readonly ContentMd5 _expected;
    private readonly long _partLength;
    private long _inPart;

    private StoredMd5(ContentMd5 expected, long partLength)
    {
        _expected = expected;
        _partLength = partLength;
    }

    /// <summary>Prepares for a file; null where its store has no MD5 of it, or one of parts whose length cannot be told.</summary>
    public static StoredMd5? Of(PlainFile file) => file.Md5 is not { } md5 ? null
        : md5.Parts is not { } parts ? new StoredMd5(md5, long.MaxValue)
        : PartLengthOf(file.Length, parts) is { } partLength ? new StoredMd5(md5, partLength)
        : null;

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        while (content.Length > 0)
        {
            int taken = (int)Math.Min(content.Length, _partLength - _inPart);
            _part.AppendData(content[..taken]);
            content = content[taken..];
            _inPart += taken;
            if (_inPart == _partLength)
            {
                EndPart();
            }
        }
    }

    /// <summary>After the last byte: whether it is what the store says.</summary>
    public bool IsMatch()
    {
        if (_expected.Parts is null)
        {
            return IsExpected(_part);
        }

        if (_inPart > 0)
        {
            EndPart();
        }

        return IsExpected(_parts);
    }

    /// <summary>The length of all parts but the last, if they have one in common that programs use; null when none fits.</summary>
    /// <param name="length">Bytes of all.</param>
    /// <param name="parts">How many there are.</param>
    public static long? PartLengthOf(long length, int parts)
    {
        if (parts == 1)
        {
            return Math.Max(length, 1);
        }

        long least = (length + parts - 1) / parts;
        long most = (length - 1) / (parts - 1);
        foreach (long usual in UsualPartLengths)
        {
            if (usual >= least && usual <= most)
            {
                return usual;
            }
        }

        long whole = (least + MiB - 1) / MiB * MiB;
        return whole <= most ? whole : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _part.Dispose();
        _parts.Dispose();
    }

    private void EndPart()
    {
        _parts.AppendData(_part.GetHashAndReset());
        _inPart = 0;
    }

    private bool IsExpected(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset()) == _expected.Hex;
}
