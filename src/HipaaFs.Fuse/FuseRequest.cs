using System.Diagnostics;
using System.Runtime.CompilerServices;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

/// <summary>One request of the kernel and its reply, in one block of native memory.</summary>
/// <remarks>
/// <para>Pooled: it and all memory taken from it are valid until the task returned by <see cref="IFuseHandler.ServeAsync"/> ends.
/// Used by one thread at a time, which may change at every await.</para>
/// <para>It has been checked before it is handed out: the arguments, names and data its opcode calls for are there and the answer
/// asked for fits. Strings are bytes; nothing says that they are UTF-8.</para>
/// <para>After <see cref="Complete"/> only the scalar properties may be used.</para>
/// </remarks>
public sealed unsafe partial class FuseRequest
{
    private const int StateFree = 0;
    private const int StateServing = 1;
    private const int StateCompleted = 2;
    private const uint GroupsExtension = 32;

    private readonly RequestBlock _block;
    private byte* _message;
    private byte* _messageEnd;
    private byte* _arguments;
    private int _argumentLength;
    private byte* _position;
    private byte* _firstName;
    private int _firstNameLength;
    private byte* _secondName;
    private int _secondNameLength;
    private byte* _data;
    private int _dataLength;
    private byte* _extensions;
    private int _answerSize;
    private int _state;

    internal FuseRequest(RequestBlock block)
    {
        _block = block;
        _message = block.Start + RequestBlock.MessageOffset;
        _messageEnd = _message;
        _resumed = Resume;
    }

    /// <summary>What is asked for.</summary>
    public FuseOpcode Opcode { get; private set; }

    /// <summary>The kernel's number of this request.</summary>
    public ulong Unique { get; private set; }

    /// <summary>The inode asked about: what an earlier <see cref="FuseEntryOut.NodeId"/> named; 1 is the root.</summary>
    public ulong NodeId { get; private set; }

    /// <summary>The caller's file system user.</summary>
    public uint Uid { get; private set; }

    /// <summary>The caller's file system group.</summary>
    public uint Gid { get; private set; }

    /// <summary>The caller's process; 0 when the kernel asks for itself or the process is in another pid namespace.</summary>
    public uint Pid { get; private set; }

    /// <summary>Whether the kernel sends this request again (FUSE_UNIQUE_RESEND) and it may have been carried out before.</summary>
    public bool IsResend => (Unique & (1UL << 63)) != 0;

    /// <summary>Names of this request: one, or two for SYMLINK (name, target), RENAME and RENAME2 (old, new).</summary>
    public int NameCount => _secondName is not null ? 2 : _firstName is not null ? 1 : 0;

    /// <summary>The data of WRITE, the value of SETXATTR, the input of IOCTL; empty for others. Not copied.</summary>
    public ReadOnlySpan<byte> Data => new(_data, _dataLength);

    /// <summary><see cref="Data"/> as memory that async code can hold until the request ends. Page aligned for WRITE.</summary>
    public ReadOnlyMemory<byte> DataMemory => _dataLength == 0 ? default : _block.Slice(_data, _dataLength);

    /// <summary>The inodes of BATCH_FORGET.</summary>
    public ReadOnlySpan<FuseForgetOne> Forgets => new(_data, _dataLength / sizeof(FuseForgetOne));

    /// <summary>Largest answer asked for: the size of READ, READDIR, READDIRPLUS, GETXATTR, LISTXATTR; IOCTL with its head. 0 for others.</summary>
    public int AnswerSize => _answerSize;

    /// <summary>Largest payload any reply can have, in bytes.</summary>
    public int MaxPayload => _block.PayloadCapacity;

    /// <summary>The fixed structure of the request. It must be the one of its opcode.</summary>
    public ref readonly T Argument<T>()
        where T : unmanaged
    {
        if (sizeof(T) > _argumentLength)
        {
            throw new InvalidOperationException($"{Opcode} carries {_argumentLength} argument bytes, not {typeof(T).Name}");
        }

        return ref Unsafe.AsRef<T>(_arguments);
    }

    /// <summary>A name of the request, without its NUL. Not empty; entry names hold no slash.</summary>
    public ReadOnlySpan<byte> Name(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, NameCount);
        return index == 0 ? new(_firstName, _firstNameLength) : new(_secondName, _secondNameLength);
    }

    /// <summary>The caller's supplementary group that owns the parent directory, sent with create requests
    /// under <see cref="FuseCapabilities.CreateSupplementaryGroup"/>.</summary>
    public bool TryGetSupplementaryGroup(out uint group)
    {
        byte* at = _extensions;
        while (_messageEnd - at >= sizeof(FuseExtensionHeader))
        {
            FuseExtensionHeader head = *(FuseExtensionHeader*)at;
            if (head.Size < sizeof(FuseExtensionHeader) || head.Size > _messageEnd - at)
            {
                break;
            }

            uint* groups = (uint*)(at + sizeof(FuseExtensionHeader));
            if (head.Type == GroupsExtension && head.Size >= sizeof(FuseExtensionHeader) + (2 * sizeof(uint)) && groups[0] > 0)
            {
                group = groups[1];
                return true;
            }

            at += (head.Size + 7) & ~7u;
        }

        group = 0;
        return false;
    }

    internal byte* MessageBuffer => _block.Start + RequestBlock.MessageOffset;

    internal int MessageCapacity => RequestBlock.MessageHead + _block.PayloadCapacity;

    internal RequestBlock Block => _block;

    /// <summary>Length of the message, for tests and fuzzing.</summary>
    internal int MessageLength => (int)(_messageEnd - _message);

    /// <summary>Starts service: from here on an INTERRUPT finds the request.</summary>
    internal void Begin(FuseDevice device, FuseDispatcher dispatcher)
    {
        Debug.Assert(_state == StateFree, "a request in service is not begun again");
        _device = device;
        _dispatcher = dispatcher;
        Volatile.Write(ref _state, StateServing);
        Volatile.Write(ref _activeUnique, Unique);
    }

    private void Reset()
    {
        _state = StateFree;
        _message = MessageBuffer;
        _messageEnd = _message;
        _arguments = _message;
        _argumentLength = 0;
        _firstName = null;
        _secondName = null;
        _data = null;
        _dataLength = 0;
        _extensions = _message;
        _answerSize = 0;
        _replyHead = null;
        _reserved = 0;
        _payloadLength = 0;
        Opcode = FuseOpcode.None;
        Unique = 0;
    }
}
