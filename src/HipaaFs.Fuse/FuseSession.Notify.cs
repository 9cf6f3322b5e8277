using System.Buffers;
using System.Runtime.CompilerServices;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

// Messages to the kernel that answer no request. Each returns 0 or a positive errno: ENOENT (the kernel knows no such inode or
// name, usually fine), ENOTCONN after the end, EINVAL or ENOSYS from a kernel that is too old.
public sealed unsafe partial class FuseSession
{
    /// <summary>Drops cached attributes and the pages of a range. Returns 0 or an errno.</summary>
    /// <param name="nodeId">The inode.</param>
    /// <param name="offset">First byte; negative drops only attributes.</param>
    /// <param name="length">Bytes; 0 or less means to the end.</param>
    public int NotifyInvalidateInode(ulong nodeId, long offset = 0, long length = 0)
    {
        var body = new FuseNotifyInvalidateInodeOut { NodeId = nodeId, Offset = offset, Length = length };
        return Notify(FuseNotifyCode.InvalidateInode, body, default, terminate: false);
    }

    /// <summary>Drops a name (a negative one too) from a directory. Returns 0 or an errno.</summary>
    public int NotifyInvalidateEntry(ulong parent, ReadOnlySpan<byte> name)
    {
        var body = new FuseNotifyInvalidateEntryOut { Parent = parent, NameLength = (uint)name.Length };
        return Notify(FuseNotifyCode.InvalidateEntry, body, name, terminate: true);
    }

    /// <summary>Lets a name expire, so that its next use asks again, without unmounting what is mounted below (7.38). Returns 0 or an errno.</summary>
    public int NotifyExpireEntry(ulong parent, ReadOnlySpan<byte> name)
    {
        const uint ExpireOnly = 1;
        if (!Negotiated.Has(FuseCapabilities.ExpireOnly))
        {
            return Errno.ENOSYS;
        }

        var body = new FuseNotifyInvalidateEntryOut { Parent = parent, NameLength = (uint)name.Length, Flags = ExpireOnly };
        return Notify(FuseNotifyCode.InvalidateEntry, body, name, terminate: true);
    }

    /// <summary>Says that a name has been deleted. Returns 0 or an errno.</summary>
    public int NotifyDelete(ulong parent, ulong child, ReadOnlySpan<byte> name)
    {
        var body = new FuseNotifyDeleteOut { Parent = parent, Child = child, NameLength = (uint)name.Length };
        return Notify(FuseNotifyCode.Delete, body, name, terminate: true);
    }

    /// <summary>Puts data into the page cache of an inode. Returns 0 or an errno.</summary>
    public int NotifyStore(ulong nodeId, ulong offset, ReadOnlySpan<byte> data)
    {
        var body = new FuseNotifyStoreOut { NodeId = nodeId, Offset = offset, Size = (uint)data.Length };
        return Notify(FuseNotifyCode.Store, body, data, terminate: false);
    }

    /// <summary>Wakes those who poll: <paramref name="kernelHandle"/> is <see cref="FusePollIn.KernelHandle"/>. Returns 0 or an errno.</summary>
    public int NotifyPoll(ulong kernelHandle)
    {
        var body = new FuseNotifyPollOut { KernelHandle = kernelHandle };
        return Notify(FuseNotifyCode.Poll, body, default, terminate: false);
    }

    /// <summary>Has the kernel send all unanswered requests again (7.40). Returns 0 or an errno.</summary>
    public int NotifyResend() => NotifyBare(FuseNotifyCode.Resend);

    /// <summary>Invalidates every cached name at once (7.44). Returns 0 or an errno.</summary>
    public int NotifyIncrementEpoch() => NotifyBare(FuseNotifyCode.IncrementEpoch);

    /// <summary>Asks the kernel to forget inodes that nobody uses (7.45). Returns 0 or an errno.</summary>
    public int NotifyPrune(ReadOnlySpan<ulong> nodeIds)
    {
        var body = new FuseNotifyPruneOut { Count = (uint)nodeIds.Length };
        return Notify(FuseNotifyCode.Prune, body, System.Runtime.InteropServices.MemoryMarshal.AsBytes(nodeIds), terminate: false);
    }

    /// <summary>Registers an open file as the target of passthrough. Returns its backing id, or a negative errno (EPERM without CAP_SYS_ADMIN or with write-back cache).</summary>
    public int OpenBacking(int fileDescriptor)
    {
        var map = new FuseBackingMap { FileDescriptor = fileDescriptor };
        return Control(LibC.FUSE_DEV_IOC_BACKING_OPEN, &map);
    }

    /// <summary>Drops a backing id. Returns 0 or a negative errno.</summary>
    public int CloseBacking(int backingId)
    {
        uint id = (uint)backingId;
        return Control(LibC.FUSE_DEV_IOC_BACKING_CLOSE, &id);
    }

    private int NotifyBare(FuseNotifyCode code)
    {
        var head = new FuseOutHeader { Length = (uint)sizeof(FuseOutHeader), Error = (int)code };
        LibC.IoVector vector = new() { Base = &head, Length = (nuint)sizeof(FuseOutHeader) };
        return SendVectors(&vector, 1);
    }

    private int Notify<T>(FuseNotifyCode code, T body, ReadOnlySpan<byte> rest, bool terminate)
        where T : unmanaged
    {
        byte zero = 0;
        int tail = terminate ? 1 : 0;
        var head = new FuseOutHeader
        {
            Length = (uint)(sizeof(FuseOutHeader) + sizeof(T) + rest.Length + tail),
            Error = (int)code,
        };
        fixed (byte* content = rest)
        {
            LibC.IoVector* vectors = stackalloc LibC.IoVector[4];
            vectors[0] = new() { Base = &head, Length = (nuint)sizeof(FuseOutHeader) };
            vectors[1] = new() { Base = &body, Length = (nuint)sizeof(T) };
            vectors[2] = new() { Base = content, Length = (nuint)rest.Length };
            vectors[3] = new() { Base = &zero, Length = (nuint)tail };
            return SendVectors(vectors, 4);
        }
    }

    private int SendVectors(LibC.IoVector* vectors, int count)
    {
        if (!_device.TryKeepOpen())
        {
            return Errno.ENOTCONN;
        }

        int failure = _device.Write(vectors, count);
        _device.Release();
        return -failure;
    }

    private int Control(uint request, void* argument)
    {
        if (!_device.TryKeepOpen())
        {
            return -Errno.ENOTCONN;
        }

        int result = _device.Control(request, argument);
        _device.Release();
        return result;
    }
}
