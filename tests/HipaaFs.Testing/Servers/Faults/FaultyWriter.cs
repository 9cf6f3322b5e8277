namespace HipaaFs.Testing.Servers.Faults;

/// <summary>Writes one HTTP message up to the byte at which something is to happen, one byte of its body changed if that is to happen.</summary>
/// <param name="stream">Where the message goes.</param>
/// <param name="stopAt">Bytes of the message after which nothing more is written.</param>
/// <param name="stopInBodyAt">Bytes of its body after which nothing more is written.</param>
/// <param name="flipAt">The byte of its body that is changed; -1 for none.</param>
internal sealed class FaultyWriter(Stream stream, long stopAt = long.MaxValue, long stopInBodyAt = long.MaxValue, long flipAt = -1)
{
    private long _written;
    private long _body;

    /// <summary>Whether the place was reached.</summary>
    internal bool HasStopped { get; private set; }

    /// <summary>Writes what may be written. False when the rest may not.</summary>
    internal async Task<bool> WriteAsync(ReadOnlyMemory<byte> bytes, bool isContent, CancellationToken cancel)
    {
        long most = Math.Min(stopAt - _written, isContent ? stopInBodyAt - _body : long.MaxValue);
        ReadOnlyMemory<byte> run = bytes[..(int)Math.Min(bytes.Length, most)];
        if (isContent && flipAt >= _body && flipAt < _body + run.Length)
        {
            byte[] changed = run.ToArray();
            changed[flipAt - _body] ^= 0x10;
            run = changed;
        }

        await stream.WriteAsync(run, cancel);
        _written += run.Length;
        _body += isContent ? run.Length : 0;
        HasStopped = _written >= stopAt || (isContent && _body >= stopInBodyAt);
        return !HasStopped;
    }
}
