using System.Security.Cryptography;

namespace HipaaFs.Cli.Transfer;

/// <summary>The MD5 of a content, or of the MD5s of its parts one after another.</summary>
internal sealed class Md5OfParts : IDisposable
{
#pragma warning disable CA5351 // As the stores have it, against damage.
    private readonly IncrementalHash _part = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash _parts = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351

    private readonly long? _partLength;
    private long _inPart;

    /// <param name="partLength">Bytes of each part but the last; null for no parts.</param>
    public Md5OfParts(long? partLength) => _partLength = partLength;

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        while (content.Length > 0)
        {
            int taken = (int)Math.Min(content.Length, (_partLength ?? long.MaxValue) - _inPart);
            _part.AppendData(content[..taken]);
            content = content[taken..];
            _inPart += taken;
            if (_inPart == _partLength)
            {
                EndPart();
            }
        }
    }

    /// <summary>After the last byte: 32 digits, lower case.</summary>
    public string Finish()
    {
        if (_partLength is null)
        {
            return Convert.ToHexStringLower(_part.GetHashAndReset());
        }

        if (_inPart > 0)
        {
            EndPart();
        }

        return Convert.ToHexStringLower(_parts.GetHashAndReset());
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
}
