using System.Globalization;
using System.Text;

namespace HipaaFs.Testing.Servers.Faults;

/// <summary>Finds where the HTTP/1.1 messages of a connection begin and end, and hands their bytes on as they are.</summary>
/// <remarks>Framing after RFC 9112, section 6. Not thread-safe.</remarks>
internal sealed class HttpMessageReader(Stream stream)
{
    private const int LongestHead = 64 * 1024;

    private readonly byte[] _buffer = new byte[2 * LongestHead];
    private int _start;
    private int _end;

    /// <summary>The bytes of a message's head with the empty line after it; null when the connection ended instead.</summary>
    internal async Task<byte[]?> ReadHeadAsync(CancellationToken cancel)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8) + 4;
            if (length >= 4)
            {
                byte[] head = _buffer.AsSpan(_start, length).ToArray();
                _start += length;
                return head;
            }

            if (_end - _start > LongestHead)
            {
                throw new InvalidDataException("no head of an HTTP message");
            }

            if (!await FillAsync(cancel))
            {
                return null;
            }
        }
    }

    /// <summary>Hands on the body that belongs to a head. False when <paramref name="sink"/> wants no more or the connection ended.</summary>
    internal async Task<bool> CopyBodyAsync(string head, bool untilEnd, Func<ReadOnlyMemory<byte>, bool, Task<bool>> sink, CancellationToken cancel)
    {
        if (HeaderOf(head, "Transfer-Encoding") is { } coding && coding.Contains("chunked", StringComparison.OrdinalIgnoreCase))
        {
            return await CopyChunksAsync(sink, cancel);
        }

        if (HeaderOf(head, "Content-Length") is { } length)
        {
            return await CopyAsync(long.Parse(length, CultureInfo.InvariantCulture), isContent: true, sink, cancel);
        }

        return !untilEnd || await CopyAsync(long.MaxValue, isContent: true, sink, cancel);
    }

    /// <summary>The value of a header; null when there is none.</summary>
    internal static string? HeaderOf(string head, string name)
    {
        int at = head.IndexOf($"\r\n{name}:", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        int begin = at + name.Length + 3;
        return head[begin..head.IndexOf("\r\n", begin, StringComparison.Ordinal)].Trim();
    }

    /// <summary>Waits until the other side sends something or leaves; what it sends stays to be read.</summary>
    internal async Task<bool> WaitForEndAsync(CancellationToken cancel)
    {
        while (_end < _buffer.Length)
        {
            if (!await FillAsync(cancel))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> CopyChunksAsync(Func<ReadOnlyMemory<byte>, bool, Task<bool>> sink, CancellationToken cancel)
    {
        while (true)
        {
            byte[]? line = await ReadLineAsync(cancel);
            if (line is null || !await sink(line, false))
            {
                return false;
            }

            long length = long.Parse(Encoding.ASCII.GetString(line).Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
            {
                return await CopyTrailersAsync(sink, cancel);
            }

            if (!await CopyAsync(length, isContent: true, sink, cancel) || !await CopyAsync(2, isContent: false, sink, cancel))
            {
                return false;
            }
        }
    }

    private async Task<bool> CopyTrailersAsync(Func<ReadOnlyMemory<byte>, bool, Task<bool>> sink, CancellationToken cancel)
    {
        while (true)
        {
            byte[]? line = await ReadLineAsync(cancel);
            if (line is null || !await sink(line, false))
            {
                return false;
            }

            if (line.Length == 2)
            {
                return true;
            }
        }
    }

    private async Task<byte[]?> ReadLineAsync(CancellationToken cancel)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8) + 2;
            if (length >= 2)
            {
                byte[] line = _buffer.AsSpan(_start, length).ToArray();
                _start += length;
                return line;
            }

            if (!await FillAsync(cancel))
            {
                return null;
            }
        }
    }

    private async Task<bool> CopyAsync(long length, bool isContent, Func<ReadOnlyMemory<byte>, bool, Task<bool>> sink, CancellationToken cancel)
    {
        while (length > 0)
        {
            if (_start == _end && !await FillAsync(cancel))
            {
                return length > long.MaxValue / 2; // Until the end, which this is.
            }

            int run = (int)Math.Min(length, _end - _start);
            if (!await sink(_buffer.AsMemory(_start, run), isContent))
            {
                return false;
            }

            _start += run;
            length -= run;
        }

        return true;
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel);
        _end += read;
        return read > 0;
    }
}
