using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using HipaaFs.Fuse;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Fuzz.Fuse;

/// <summary>Feeds mutated kernel requests to the parser and dispatcher and checks that each is answered as the protocol wants.</summary>
/// <remarks>Deterministic: the seed decides all. A failure names the seed and the iteration.</remarks>
internal sealed unsafe class FuseFuzzer : IDisposable
{
    private const int PayloadCapacity = 64 * 1024;
    private const int OutHeaderSize = 16;

    private readonly Random _random;
    private readonly KernelSocket _kernel = new();
    private readonly FuseRequestPool _pool;
    private readonly InterruptWatch _watch = new(static _ => true, TimeProvider.System);
    private readonly FuseDispatcher _dispatcher;
    private readonly FuseDispatcher _compatDispatcher;
    private readonly FuseRequest _request;

    internal FuseFuzzer(int seed)
    {
        _random = new Random(seed);
        _pool = new FuseRequestPool(4, 4, 1, PayloadCapacity, TimeProvider.System);
        var handler = new TouchingHandler();
        _dispatcher = new FuseDispatcher(handler, _pool, _watch, setXattrExtended: true, NullLogger.Instance);
        _compatDispatcher = new FuseDispatcher(handler, _pool, _watch, setXattrExtended: false, NullLogger.Instance);
        _request = _pool.Rent();
    }

    /// <summary>The console entry: <c>--seconds N --seed S</c>.</summary>
    internal static int Run(string[] options)
    {
        double seconds = Number(options, "--seconds", 10);
        int seed = (int)Number(options, "--seed", Environment.TickCount);
        using var fuzzer = new FuseFuzzer(seed);
        long start = Stopwatch.GetTimestamp();
        long iterations = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            string? problem = fuzzer.Step();
            if (problem is not null)
            {
                Console.Error.WriteLine($"seed {seed}, iteration {iterations}: {problem}");
                return 1;
            }

            iterations++;
        }

        Console.WriteLine($"fuse: {iterations} requests, seed {seed}: no problem");
        return 0;
    }

    /// <summary>Sends one mutated request. Returns what was wrong, or null.</summary>
    internal string? Step()
    {
        byte[] message = Mutate();
        int length = Math.Min(message.Length, _request.MessageCapacity);
        message.AsSpan(0, length).CopyTo(new Span<byte>(_request.MessageBuffer, length));
        FuseDispatcher dispatcher = _random.Next(8) == 0 ? _compatDispatcher : _dispatcher;
        if (!dispatcher.Dispatch(_request, length, _kernel.Device))
        {
            return "a synchronous handler was suspended";
        }

        return _request.IsCompleted ? CheckReply(message, length) : "the request was not completed";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _kernel.Dispose();
        _watch.Dispose();
        _pool.Dispose();
    }

    private string? CheckReply(byte[] message, int length)
    {
        if (length < FuseMessages.HeaderSize)
        {
            return _kernel.HasReply() ? "a message without header was answered" : null;
        }

        if (!_kernel.HasReply())
        {
            var opcode = (FuseOpcode)BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(4));
            ulong sent = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(8));
            bool needsNone = sent == 0 || opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt or FuseOpcode.NotifyReply;
            return needsNone ? null : $"{opcode} was not answered";
        }

        ReadOnlySpan<byte> reply = _kernel.Receive();
        FuseOutHeader head = MemoryMarshal.Read<FuseOutHeader>(reply);
        if (head.Length != reply.Length)
        {
            return $"a reply of {reply.Length} bytes says {head.Length}";
        }

        if (head.Unique != BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(8)))
        {
            return "a reply names another request";
        }

        bool isErrorWithPayload = head.Error != 0 && reply.Length != OutHeaderSize;
        return isErrorWithPayload || head.Error is > 0 or < -4095 ? $"a reply carries error {head.Error} and {reply.Length} bytes" : null;
    }

    private byte[] Mutate()
    {
        byte[] message = (byte[])Pick().Clone();
        for (int count = _random.Next(4); count > 0; count--)
        {
            message = _random.Next(8) switch
            {
                0 => Flip(message),
                1 => message[.._random.Next(message.Length + 1)],
                2 => [.. message, .. RandomBytes(_random.Next(200))],
                3 => SetWord(message, _random.Next(0, 32) * 4, Interesting()),
                4 => SetWord(message, 4, (uint)_random.Next(-1, 60)),
                5 => Splice(message, Pick()),
                6 => SetWord(message, 36, (uint)_random.Next(65536)),
                _ => SetWord(message, FuseMessages.HeaderSize + (_random.Next(12) * 4), Interesting()),
            };
        }

        // Mostly with a right length: a wrong one is refused before anything else is looked at.
        return _random.Next(8) > 0 ? SetWord(message, 0, (uint)message.Length) : message;
    }

    private byte[] Pick() => FuseMessages.Corpus[_random.Next(FuseMessages.Corpus.Count)];

    private byte[] Flip(byte[] message)
    {
        if (message.Length > 0)
        {
            message[_random.Next(message.Length)] ^= (byte)(1 << _random.Next(8));
        }

        return message;
    }

    private byte[] Splice(byte[] first, byte[] second)
    {
        return [.. first[.._random.Next(first.Length + 1)], .. second[_random.Next(second.Length)..]];
    }

    private byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private uint Interesting()
    {
        uint[] values = [0, 1, 7, 8, 255, 4095, 4096, 65535, PayloadCapacity, PayloadCapacity + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF];
        return values[_random.Next(values.Length)];
    }

    private static byte[] SetWord(byte[] message, int offset, uint value)
    {
        if (offset + 4 <= message.Length)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(offset), value);
        }

        return message;
    }

    private static double Number(string[] options, string name, double otherwise)
    {
        int at = Array.IndexOf(options, name);
        return at >= 0 && at + 1 < options.Length ? double.Parse(options[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
