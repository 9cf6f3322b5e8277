using System.Runtime.CompilerServices;

namespace HipaaFs.Fuse;

/// <summary>What a well-formed request of one kind consists of.</summary>
/// <param name="ArgumentSize">Bytes of the fixed structure behind the header; 0 when there is none.</param>
/// <param name="Names">NUL-terminated strings behind it.</param>
/// <param name="EntryNames">How many of them, from the first, name a directory entry: not empty, no slash, and "." or ".." only in LOOKUP.</param>
/// <param name="Tail">What follows.</param>
internal readonly record struct RequestShape(int ArgumentSize, int Names, int EntryNames, RequestTail Tail)
{
    private static readonly RequestShape?[] Shapes = Create();

    /// <summary>Finds the shape of an opcode. Returns false for one this library does not know.</summary>
    internal static bool TryGet(FuseOpcode opcode, out RequestShape shape)
    {
        RequestShape? found = (uint)opcode < (uint)Shapes.Length ? Shapes[(int)opcode] : null;
        shape = found.GetValueOrDefault();
        return found.HasValue;
    }

    private static RequestShape?[] Create()
    {
        var shapes = new RequestShape?[(int)FuseOpcode.CopyFileRange64 + 1];
        AddNames(shapes);
        AddFiles(shapes);
        AddAttributes(shapes);
        AddOthers(shapes);
        return shapes;
    }

    private static void AddNames(RequestShape?[] shapes)
    {
        shapes[(int)FuseOpcode.Lookup] = new(0, 1, 1, RequestTail.None);
        shapes[(int)FuseOpcode.ReadLink] = new(0, 0, 0, RequestTail.None);
        shapes[(int)FuseOpcode.SymLink] = new(0, 2, 1, RequestTail.None);
        shapes[(int)FuseOpcode.MkNod] = Of<FuseMkNodIn>(1);
        shapes[(int)FuseOpcode.MkDir] = Of<FuseMkDirIn>(1);
        shapes[(int)FuseOpcode.Unlink] = new(0, 1, 1, RequestTail.None);
        shapes[(int)FuseOpcode.RmDir] = new(0, 1, 1, RequestTail.None);
        shapes[(int)FuseOpcode.Rename] = Of<FuseRenameIn>(2);
        shapes[(int)FuseOpcode.Rename2] = Of<FuseRename2In>(2);
        shapes[(int)FuseOpcode.Link] = Of<FuseLinkIn>(1);
        shapes[(int)FuseOpcode.Create] = Of<FuseCreateIn>(1);

        // The kernel names an unnamed file "/".
        shapes[(int)FuseOpcode.TmpFile] = new(Unsafe.SizeOf<FuseCreateIn>(), 1, 0, RequestTail.None);
    }

    private static void AddFiles(RequestShape?[] shapes)
    {
        shapes[(int)FuseOpcode.Open] = Of<FuseOpenIn>();
        shapes[(int)FuseOpcode.OpenDir] = Of<FuseOpenIn>();
        shapes[(int)FuseOpcode.Read] = Of<FuseReadIn>(0, RequestTail.ReadSize);
        shapes[(int)FuseOpcode.ReadDir] = Of<FuseReadIn>(0, RequestTail.ReadSize);
        shapes[(int)FuseOpcode.ReadDirPlus] = Of<FuseReadIn>(0, RequestTail.ReadSize);
        shapes[(int)FuseOpcode.Write] = Of<FuseWriteIn>(0, RequestTail.WriteData);
        shapes[(int)FuseOpcode.Flush] = Of<FuseFlushIn>();
        shapes[(int)FuseOpcode.Release] = Of<FuseReleaseIn>();
        shapes[(int)FuseOpcode.ReleaseDir] = Of<FuseReleaseIn>();
        shapes[(int)FuseOpcode.Fsync] = Of<FuseFsyncIn>();
        shapes[(int)FuseOpcode.FsyncDir] = Of<FuseFsyncIn>();
        shapes[(int)FuseOpcode.Fallocate] = Of<FuseFallocateIn>();
        shapes[(int)FuseOpcode.Lseek] = Of<FuseLseekIn>();
        shapes[(int)FuseOpcode.CopyFileRange] = Of<FuseCopyFileRangeIn>();
        shapes[(int)FuseOpcode.CopyFileRange64] = Of<FuseCopyFileRangeIn>();
        shapes[(int)FuseOpcode.GetLock] = Of<FuseLockIn>();
        shapes[(int)FuseOpcode.SetLock] = Of<FuseLockIn>();
        shapes[(int)FuseOpcode.SetLockWait] = Of<FuseLockIn>();
        shapes[(int)FuseOpcode.Ioctl] = Of<FuseIoctlIn>(0, RequestTail.IoctlData);
        shapes[(int)FuseOpcode.Poll] = Of<FusePollIn>();
        shapes[(int)FuseOpcode.BMap] = Of<FuseBMapIn>();
    }

    private static void AddAttributes(RequestShape?[] shapes)
    {
        shapes[(int)FuseOpcode.GetAttr] = Of<FuseGetAttrIn>();
        shapes[(int)FuseOpcode.SetAttr] = Of<FuseSetAttrIn>();
        shapes[(int)FuseOpcode.Statx] = Of<FuseStatxIn>();
        shapes[(int)FuseOpcode.Access] = Of<FuseAccessIn>();
        shapes[(int)FuseOpcode.SetXattr] = new(Unsafe.SizeOf<FuseSetXattrIn>(), 1, 0, RequestTail.XattrValue);
        shapes[(int)FuseOpcode.GetXattr] = new(Unsafe.SizeOf<FuseGetXattrIn>(), 1, 0, RequestTail.XattrSize);
        shapes[(int)FuseOpcode.ListXattr] = Of<FuseGetXattrIn>(0, RequestTail.XattrSize);
        shapes[(int)FuseOpcode.RemoveXattr] = new(0, 1, 0, RequestTail.None);
    }

    private static void AddOthers(RequestShape?[] shapes)
    {
        shapes[(int)FuseOpcode.Forget] = Of<FuseForgetIn>();
        shapes[(int)FuseOpcode.BatchForget] = Of<FuseBatchForgetIn>(0, RequestTail.Forgets);
        shapes[(int)FuseOpcode.StatFs] = new(0, 0, 0, RequestTail.None);
        shapes[(int)FuseOpcode.SyncFs] = Of<FuseSyncFsIn>();
        shapes[(int)FuseOpcode.Interrupt] = Of<FuseInterruptIn>();
        shapes[(int)FuseOpcode.Destroy] = new(0, 0, 0, RequestTail.None);
        shapes[(int)FuseOpcode.NotifyReply] = new(0, 0, 0, RequestTail.None);
        shapes[(int)FuseOpcode.SetupMapping] = Of<FuseSetupMappingIn>();
        shapes[(int)FuseOpcode.RemoveMapping] = Of<FuseRemoveMappingIn>();

        // Before 7.36 INIT ends after its flags.
        shapes[(int)FuseOpcode.Init] = new(16, 0, 0, RequestTail.None);
    }

    private static RequestShape Of<T>(int entryNames = 0, RequestTail tail = RequestTail.None)
        where T : unmanaged
    {
        return new RequestShape(Unsafe.SizeOf<T>(), entryNames, entryNames, tail);
    }
}
