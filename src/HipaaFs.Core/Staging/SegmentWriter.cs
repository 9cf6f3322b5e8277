using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Staging;

/// <summary>Seals runs of file data into one new segment in staging.</summary>
/// <remarks>
/// <para>Nonce discipline: a frame number is used up when its sealing begins. Sealed bytes that the disk did not take stay in memory and the next
/// <see cref="Flush"/> writes the same bytes; data that must be sealed again gets new numbers. A partly filled frame that must become durable is padded with zeros and closed.</para>
/// <para>Belongs to one process life: after a restart nothing is ever sealed under its id again. Not thread-safe.</para>
/// </remarks>
internal sealed class SegmentWriter : IDisposable
{
    /// <summary>Most frames of a segment: 63 MiB of plaintext, so that the object with its index stays below 64 MiB.</summary>
    internal const int MaxFrames = 4032;

    /// <summary>Most frames of a segment in an archive: 320 MiB of plaintext.</summary>
    internal const int MaxArchiveFrames = 20_480;

    private const int MaxRuns = 32_768;

    // A packed run from here on begins at a frame's boundary: at most a sixteenth is wasted.
    private const long LongRun = 16 * SegmentFormat.FrameSize;

    // Sealed frames are written together: just below 1 MiB.
    private const int BatchFrames = 63;

    private readonly SegmentCipher _cipher;
    private readonly SafeFileHandle _file;
    private readonly DiskFault? _fault;
    private readonly byte[] _frame = new byte[SegmentFormat.FrameSize];
    private readonly byte[] _backlog = ArrayPool<byte>.Shared.Rent(BatchFrames * SegmentFormat.SealedFrameSize);
    private readonly List<SegmentRun> _runs = [];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int _frameLength;
    private int _missingInLast;
    private int _backlogLength;
    private long _written;
    private uint _nextFrame;
    private bool _isDisposed;
    private (ulong Inode, long FileOffset, long PlaintextOffset) _run;

    internal SegmentWriter(SegmentHeader header, SegmentCipher cipher, SafeFileHandle file, DiskFault? fault = null)
    {
        _fault = fault;
        Header = header;
        _cipher = cipher;
        _file = file;
        header.Write(_backlog);
        _backlogLength = SegmentFormat.HeaderSize;
    }

    /// <summary>Frames that it takes at most.</summary>
    internal int MostFrames { get; init; } = MaxFrames;

    /// <summary>The segment's header.</summary>
    internal SegmentHeader Header { get; }

    /// <summary>The segment.</summary>
    internal SegmentId Id => Header.Segment;

    /// <summary>Plaintext sealed so far, padding included; the frame being filled is not.</summary>
    internal long PlaintextLength => ((long)_nextFrame * SegmentFormat.FrameSize) - _missingInLast;

    /// <summary>Bytes in the file.</summary>
    internal long WrittenLength => _written;

    /// <summary>SHA-256 of the whole object, taken of the bytes as they were sealed; empty until it is finished.</summary>
    internal ReadOnlyMemory<byte> Sha256 { get; private set; }

    /// <summary>Whether another run may not fit.</summary>
    internal bool IsFull => _nextFrame >= MostFrames || _runs.Count >= MaxRuns;

    /// <summary>Begins a run and says how many of its bytes fit; 0 when the segment is full.</summary>
    /// <remarks>
    /// A run that fits one frame never straddles two; a longer one begins at a frame's boundary. A packed one follows the run before it unless it is long: nothing is
    /// wasted where space is what matters, and long runs stay quick to read.
    /// </remarks>
    internal long BeginRun(ulong inode, long fileOffset, long length, bool packed = false)
    {
        if (IsFull)
        {
            return 0;
        }

        int room = _frameLength == 0 ? 0 : SegmentFormat.FrameSize - _frameLength;
        if (length > (packed ? LongRun : room))
        {
            CloseFrame();
            if (IsFull)
            {
                return 0;
            }
        }

        _run = (inode, fileOffset, PlaintextLength + _frameLength);
        long left = (((long)MostFrames - _nextFrame) * SegmentFormat.FrameSize) - _frameLength;
        return Math.Min(length, left);
    }

    /// <summary>Appends the next bytes of the run.</summary>
    /// <exception cref="IOException">The disk takes no more. The run must be given up; the segment goes on after a <see cref="Flush"/> that succeeds.</exception>
    internal void Write(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            if (_frameLength == SegmentFormat.FrameSize)
            {
                CloseFrame(); // Full, and the disk did not take it the last time.
            }

            if (_frameLength == 0 && content.Length >= SegmentFormat.FrameSize)
            {
                SealFrame(content[..SegmentFormat.FrameSize]);
                content = content[SegmentFormat.FrameSize..];
                continue;
            }

            int taken = Math.Min(SegmentFormat.FrameSize - _frameLength, content.Length);
            content[..taken].CopyTo(_frame.AsSpan(_frameLength));
            _frameLength += taken;
            content = content[taken..];
            if (_frameLength == SegmentFormat.FrameSize)
            {
                CloseFrame();
            }
        }
    }

    /// <summary>Ends the run and says where it went.</summary>
    internal Extent EndRun()
    {
        long length = PlaintextLength + _frameLength - _run.PlaintextOffset;
        _runs.Add(new SegmentRun(_run.Inode, _run.FileOffset, (uint)length, (uint)_run.PlaintextOffset));
        return new Extent(_run.FileOffset, length, Id, _run.PlaintextOffset);
    }

    /// <summary>Closes the frame being filled and hands everything sealed to the operating system.</summary>
    /// <exception cref="IOException">The disk takes no more; call again later.</exception>
    internal void Flush()
    {
        CloseFrame();
        WriteBacklog();
    }

    /// <summary>Makes everything flushed durable.</summary>
    /// <exception cref="IOException">The disk failed; what it has of this segment cannot be trusted from the last success on.</exception>
    internal void Sync()
    {
        if (_fault?.Invoke(-1) is not null)
        {
            throw new IOException("injected", DiskErrors.Broken);
        }

        DurableFile.SyncData(_file);
    }

    /// <summary>Writes index and trailer, makes the object durable and returns its length. Nothing may follow.</summary>
    internal long Finish()
    {
        CloseLastFrame();
        WriteBacklog();
        byte[] index = _cipher.SealIndex(_nextFrame, new SegmentIndex(PlaintextLength, _runs).Encode());
        byte[] tail = new byte[index.Length + SegmentFormat.TrailerSize];
        index.CopyTo(tail, 0);
        new SegmentTrailer((ulong)_written, (uint)index.Length).Write(tail.AsSpan(index.Length));
        WriteFile(tail);
        _written += tail.Length;
        Sync();
        Sha256 = _hash.GetHashAndReset();
        return _written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _cipher.Dispose();
        _hash.Dispose();
        _file.Dispose();
        ArrayPool<byte>.Shared.Return(_backlog);
        CryptographicOperations.ZeroMemory(_frame);
    }

    private void CloseFrame()
    {
        if (_frameLength == 0)
        {
            return;
        }

        // What the frame holds belongs to runs that have ended: it stays until it is sealed, whatever the disk says.
        _frame.AsSpan(_frameLength).Clear();
        SealFrame(_frame);
        _frameLength = 0;
    }

    // Nothing follows the last frame, so it needs no padding.
    private void CloseLastFrame()
    {
        if (_frameLength == 0)
        {
            return;
        }

        SealFrame(_frame.AsSpan(0, _frameLength));
        _missingInLast = SegmentFormat.FrameSize - _frameLength;
        _frameLength = 0;
    }

    private void SealFrame(ReadOnlySpan<byte> plaintext)
    {
        Debug.Assert(_missingInLast == 0 && _nextFrame < MostFrames, "only the last frame is short");
        if (_backlogLength + SegmentFormat.SealedFrameSize > BatchFrames * SegmentFormat.SealedFrameSize)
        {
            WriteBacklog();
        }

        uint number = _nextFrame++;
        int sealedLength = plaintext.Length + SegmentFormat.TagSize;
        _cipher.SealFrame(number, plaintext, _backlog.AsSpan(_backlogLength, sealedLength));
        _backlogLength += sealedLength;
    }

    private void WriteBacklog()
    {
        if (_backlogLength == 0)
        {
            return;
        }

        WriteFile(_backlog.AsSpan(0, _backlogLength));
        _written += _backlogLength;
        _backlogLength = 0;
    }

    private void WriteFile(ReadOnlySpan<byte> content)
    {
        int? taken = _fault?.Invoke(content.Length);
        RandomAccess.Write(_file, taken is null ? content : content[..taken.Value], _written);
        if (taken is not null)
        {
            throw new IOException("injected", DiskErrors.NoSpace);
        }

        _hash.AppendData(content); // What the disk did not take is written, and taken in here, at the next try.
    }
}
