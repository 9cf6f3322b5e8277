using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

public sealed unsafe partial class FuseRequest
{
    // Small replies go to the front page, where they overlap nothing of the message.
    private const int SmallReply = 2048;
    private const int SmallReplyOffset = 1024;
    private const int ReplyHeadSize = 16;

    private FuseDevice? _device;
    private byte* _replyHead;
    private int _reserved;
    private int _payloadLength;

    /// <summary>Reserves <paramref name="size"/> bytes for the reply's payload, which the caller fills; the content is arbitrary.
    /// Replaces an earlier reservation. From 2 KiB on it is page aligned unless the request carries long names or data.</summary>
    public Memory<byte> ReservePayload(int size)
    {
        Reserve(size);
        return size == 0 ? default : _block.Slice(_replyHead + ReplyHeadSize, size);
    }

    /// <summary>As <see cref="ReservePayload"/>, for code that does not await.</summary>
    public Span<byte> ReservePayloadSpan(int size)
    {
        Reserve(size);
        return new Span<byte>(_replyHead + ReplyHeadSize, size);
    }

    /// <summary>Says how much of the reserved payload is the reply. Without it the reply is empty.</summary>
    public void SetPayloadLength(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _reserved);
        _payloadLength = length;
    }

    /// <summary>Makes one structure the payload. <see cref="Complete"/> sends it.</summary>
    public void Reply<T>(in T answer)
        where T : unmanaged
    {
        Reserve(sizeof(T));
        *(T*)(_replyHead + ReplyHeadSize) = answer;
        _payloadLength = sizeof(T);
    }

    /// <summary>Makes two structures the payload: entry and open file of CREATE and TMPFILE.</summary>
    public void Reply<TFirst, TSecond>(in TFirst first, in TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged
    {
        Reserve(sizeof(TFirst) + sizeof(TSecond));
        *(TFirst*)(_replyHead + ReplyHeadSize) = first;
        *(TSecond*)(_replyHead + ReplyHeadSize + sizeof(TFirst)) = second;
        _payloadLength = sizeof(TFirst) + sizeof(TSecond);
    }

    /// <summary>Makes a structure and the bytes behind it the payload: IOCTL.</summary>
    public void Reply<T>(in T head, ReadOnlySpan<byte> data)
        where T : unmanaged
    {
        Reserve(sizeof(T) + data.Length);
        *(T*)(_replyHead + ReplyHeadSize) = head;
        data.CopyTo(new Span<byte>(_replyHead + ReplyHeadSize + sizeof(T), data.Length));
        _payloadLength = sizeof(T) + data.Length;
    }

    /// <summary>Makes bytes the payload, copied: a link target, an attribute value.</summary>
    public void Reply(ReadOnlySpan<byte> data)
    {
        data.CopyTo(ReservePayloadSpan(data.Length));
        _payloadLength = data.Length;
    }

    /// <summary>Starts the answer to READDIR or READDIRPLUS.</summary>
    public FuseDirectoryWriter WriteDirectory()
    {
        Reserve(_answerSize);
        return new FuseDirectoryWriter(_replyHead + ReplyHeadSize, _answerSize, this);
    }

    /// <summary>Answers the request: 0 sends the payload, a positive errno sends only that. Requests that have no reply get none.</summary>
    /// <exception cref="InvalidOperationException">The request has been completed before.</exception>
    public void Complete(int errno)
    {
        Finish();
        if (Opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt or FuseOpcode.NotifyReply || Unique == 0)
        {
            return;
        }

        Send(errno);
    }

    /// <summary>Ends a request that has no reply: FORGET and BATCH_FORGET.</summary>
    public void CompleteWithoutReply()
    {
        Finish();
    }

    /// <summary>Whether <see cref="Complete"/> or <see cref="CompleteWithoutReply"/> has been called.</summary>
    public bool IsCompleted => Volatile.Read(ref _state) == StateCompleted;

    /// <summary>Sends a header with an errno even where the protocol usually has no reply: EAGAIN for INTERRUPT.</summary>
    internal void Send(int errno)
    {
        if (_replyHead is null || errno != 0)
        {
            _replyHead = _block.Start + SmallReplyOffset - ReplyHeadSize;
            _payloadLength = 0;
        }

        FuseOutHeader* head = (FuseOutHeader*)_replyHead;
        head->Length = (uint)(ReplyHeadSize + _payloadLength);
        head->Error = -errno;
        head->Unique = Unique;
        int failure = _device!.Write(_replyHead, ReplyHeadSize + _payloadLength);
        if (failure < 0)
        {
            _dispatcher!.ReplyFailed(Opcode, Unique, -failure);
        }
    }

    private void Finish()
    {
        if (Interlocked.CompareExchange(ref _state, StateCompleted, StateServing) != StateServing)
        {
            throw new InvalidOperationException($"{Opcode} request {Unique} is not in service: completed twice");
        }

        Volatile.Write(ref _activeUnique, 0);
    }

    private void Reserve(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        byte* payload;
        if (size <= SmallReply)
        {
            payload = _block.Start + SmallReplyOffset;
        }
        else if (_messageEnd <= _block.Start + RequestBlock.PageSize)
        {
            payload = _block.Start + RequestBlock.PageSize;
        }
        else
        {
            nint end = (nint)_messageEnd + ReplyHeadSize;
            payload = (byte*)((end + 7) & ~7);
        }

        if (size > _block.PayloadCapacity || payload + size > _block.Start + _block.Size)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, "the reply does not fit");
        }

        _replyHead = payload - ReplyHeadSize;
        _reserved = size;
        _payloadLength = 0;
    }
}
