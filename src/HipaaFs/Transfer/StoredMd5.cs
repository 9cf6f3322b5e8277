using HipaaFs.Storage;

namespace HipaaFs.Cli.Transfer;

/// <summary>Takes the MD5 of a file that is read from its beginning to its end, in each of the ways in which its store may have taken it.</summary>
internal sealed class StoredMd5 : IDisposable
{
    private const long MiB = 1 << 20;
    private const int MostTried = 3; // Each costs the time of an MD5; where there are many parts only one fits.

    // What programs cut objects into, the most usual first; the rest is multiples of a MiB.
    private static readonly long[] UsualPartLengths = [8 * MiB, 16 * MiB, 5 * MiB, 15 * MiB, 64 * MiB, 32 * MiB, 10 * MiB, 50 * MiB, 100 * MiB, 25 * MiB, 128 * MiB];

    private readonly string _expected;
    private readonly Md5OfParts[] _tried;

    private StoredMd5(string expected, Md5OfParts[] tried)
    {
        _expected = expected;
        _tried = tried;
    }

    /// <summary>Prepares for a file; null where its store has no MD5 of it, or one of parts whose length cannot be told.</summary>
    public static StoredMd5? Of(PlainFile file)
    {
        if (file.Md5 is not { } md5)
        {
            return null;
        }

        Md5OfParts[] tried = md5.Parts is { } parts
            ? [.. PartLengthsOf(file.Length, parts).Select(static length => new Md5OfParts(length))]
            : [new Md5OfParts(partLength: null)];
        return tried.Length == 0 ? null : new StoredMd5(md5.Hex, tried);
    }

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        foreach (Md5OfParts tried in _tried)
        {
            tried.Append(content);
        }
    }

    /// <summary>After the last byte: whether it is what the store says.</summary>
    public bool IsMatch() => Array.Exists(_tried, tried => tried.Finish() == _expected);

    /// <summary>What the length of all parts but the last may have been, the most usual first; empty where nothing fits that programs use.</summary>
    /// <param name="length">Bytes of all.</param>
    /// <param name="parts">How many there are.</param>
    public static IReadOnlyList<long> PartLengthsOf(long length, int parts)
    {
        if (parts == 1)
        {
            return [Math.Max(length, 1)];
        }

        long least = (length + parts - 1) / parts;
        long most = (length - 1) / (parts - 1);
        long whole = (least + MiB - 1) / MiB * MiB;
        long[] usual = [.. UsualPartLengths.Where(usual => usual >= least && usual <= most).Take(MostTried)];
        return usual.Length > 0 || whole > most ? usual : [whole];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Md5OfParts tried in _tried)
        {
            tried.Dispose();
        }
    }
}
