using System.Runtime.CompilerServices;

namespace HipaaFs.Fuse;

// Checks a message once, so that nothing behind it has to: after Parse has returned 0 the arguments, names and data are there.
public sealed unsafe partial class FuseRequest
{
    private const int HeaderSize = 40;
    private const int SetXattrCompatSize = 8;

    /// <summary>Takes the message of <paramref name="length"/> bytes just read into the block. Returns 0 or the errno to answer.</summary>
    /// <remarks>A message too short for a header leaves <see cref="Unique"/> 0: there is nobody to answer.</remarks>
    internal int Parse(int length, bool setXattrExtended)
    {
        Reset();
        if (length < HeaderSize)
        {
            return Errno.EIO;
        }

        ref readonly FuseInHeader header = ref *(FuseInHeader*)_message;
        Opcode = header.Opcode;
        Unique = header.Unique;
        NodeId = header.NodeId;
        Uid = header.Uid;
        Gid = header.Gid;
        Pid = header.Pid;
        _messageEnd = _message + length;
        if (header.Length != (uint)length)
        {
            return Errno.EIO;
        }

        if (!RequestShape.TryGet(Opcode, out RequestShape shape))
        {
            return Errno.ENOSYS;
        }

        int extensions = header.ExtensionLength * 8;
        byte* bodyEnd = _messageEnd - extensions;
        if (length - extensions < HeaderSize + shape.ArgumentSize)
        {
            bool compat = Opcode == FuseOpcode.SetXattr && !setXattrExtended && length - extensions >= HeaderSize + SetXattrCompatSize;
            if (!compat)
            {
                return Errno.EINVAL;
            }
        }

        _extensions = bodyEnd;
        if (Opcode == FuseOpcode.SetXattr && !setXattrExtended)
        {
            WidenSetXattr();
        }

        _arguments = _message + HeaderSize;
        _argumentLength = shape.ArgumentSize;
        _position = _arguments + shape.ArgumentSize;
        return ParseNames(shape, bodyEnd) && ParseTail(shape.Tail, bodyEnd) ? 0 : Errno.EINVAL;
    }

    // The old structure lacks its second half. Moving what precedes it by 8 bytes makes room for zeroes there.
    private void WidenSetXattr()
    {
        Buffer.MemoryCopy(_message, _message - 8, HeaderSize + SetXattrCompatSize, HeaderSize + SetXattrCompatSize);
        _message -= 8;
        *(ulong*)(_message + HeaderSize + SetXattrCompatSize) = 0;
    }

    private bool ParseNames(in RequestShape shape, byte* bodyEnd)
    {
        for (int index = 0; index < shape.Names; index++)
        {
            int length = new ReadOnlySpan<byte>(_position, (int)(bodyEnd - _position)).IndexOf((byte)0);
            if (length <= 0)
            {
                return false;
            }

            var name = new ReadOnlySpan<byte>(_position, length);
            if (index < shape.EntryNames && !IsEntryName(name, Opcode == FuseOpcode.Lookup))
            {
                return false;
            }

            if (index == 0)
            {
                _firstName = _position;
                _firstNameLength = length;
            }
            else
            {
                _secondName = _position;
                _secondNameLength = length;
            }

            _position += length + 1;
        }

        return true;
    }

    private static bool IsEntryName(ReadOnlySpan<byte> name, bool dotsAllowed)
    {
        if (name.Contains((byte)'/'))
        {
            return false;
        }

        return dotsAllowed || !(name.SequenceEqual("."u8) || name.SequenceEqual(".."u8));
    }

    private bool ParseTail(RequestTail tail, byte* bodyEnd)
    {
        long rest = bodyEnd - _position;
        long expected = 0;
        long answer = 0;
        switch (tail)
        {
            case RequestTail.ReadSize:
                answer = Unsafe.As<byte, FuseReadIn>(ref *_arguments).Size;
                break;
            case RequestTail.XattrSize:
                answer = Unsafe.As<byte, FuseGetXattrIn>(ref *_arguments).Size;
                break;
            case RequestTail.WriteData:
                expected = Unsafe.As<byte, FuseWriteIn>(ref *_arguments).Size;
                break;
            case RequestTail.XattrValue:
                expected = Unsafe.As<byte, FuseSetXattrIn>(ref *_arguments).Size;
                break;
            case RequestTail.Forgets:
                expected = (long)Unsafe.As<byte, FuseBatchForgetIn>(ref *_arguments).Count * sizeof(FuseForgetOne);
                break;
            case RequestTail.IoctlData:
                expected = Unsafe.As<byte, FuseIoctlIn>(ref *_arguments).InSize;
                answer = (long)sizeof(FuseIoctlOut) + Unsafe.As<byte, FuseIoctlIn>(ref *_arguments).OutSize;
                break;
        }

        if (expected > rest || answer > MaxPayload)
        {
            return false;
        }

        _data = _position;
        _dataLength = (int)expected;
        _answerSize = (int)answer;
        return true;
    }
}
