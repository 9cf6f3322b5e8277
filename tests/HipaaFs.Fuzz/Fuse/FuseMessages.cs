using System.Runtime.InteropServices;
using System.Text;
using HipaaFs.Fuse;

namespace HipaaFs.Fuzz.Fuse;

/// <summary>Builds requests as the kernel does.</summary>
internal static class FuseMessages
{
    internal const int HeaderSize = 40;

    /// <summary>One well-formed request of every opcode this library knows.</summary>
    internal static IReadOnlyList<byte[]> Corpus { get; } = CreateCorpus();

    internal static byte[] Build(FuseOpcode opcode, params byte[][] parts)
    {
        return BuildFor(opcode, 100, 7, parts);
    }

    internal static byte[] BuildFor(FuseOpcode opcode, ulong unique, ulong node, params byte[][] parts)
    {
        int length = HeaderSize + parts.Sum(part => part.Length);
        var header = new FuseInHeader
        {
            Length = (uint)length,
            Opcode = opcode,
            Unique = unique,
            NodeId = node,
            Uid = 1000,
            Gid = 100,
            Pid = 4711,
        };
        byte[] message = [.. Bytes(header), .. parts.SelectMany(part => part)];
        return message;
    }

    internal static byte[] Bytes<T>(T value)
        where T : unmanaged
    {
        return MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref value, 1)).ToArray();
    }

    internal static byte[] Name(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private static List<byte[]> CreateCorpus()
    {
        byte[] name = Name("name");
        byte[] other = Name("another");
        byte[] data = new byte[5000];
        Array.Fill(data, (byte)0xA5);
        return
        [
            Build(FuseOpcode.Lookup, name),
            Build(FuseOpcode.Forget, Bytes(new FuseForgetIn { LookupCount = 1 })),
            Build(FuseOpcode.GetAttr, Bytes(new FuseGetAttrIn())),
            Build(FuseOpcode.SetAttr, Bytes(new FuseSetAttrIn { Valid = FuseSetAttrValid.Mode })),
            Build(FuseOpcode.ReadLink),
            Build(FuseOpcode.SymLink, name, other),
            Build(FuseOpcode.MkNod, Bytes(new FuseMkNodIn { Mode = 0x81A4 }), name),
            Build(FuseOpcode.MkDir, Bytes(new FuseMkDirIn { Mode = 0x1ED }), name),
            Build(FuseOpcode.Unlink, name),
            Build(FuseOpcode.RmDir, name),
            Build(FuseOpcode.Rename, Bytes(new FuseRenameIn { NewParent = 1 }), name, other),
            Build(FuseOpcode.Link, Bytes(new FuseLinkIn { OldNodeId = 3 }), name),
            Build(FuseOpcode.Open, Bytes(new FuseOpenIn())),
            Build(FuseOpcode.Read, Bytes(new FuseReadIn { Size = 4096 })),
            Build(FuseOpcode.Write, Bytes(new FuseWriteIn { Size = (uint)data.Length }), data),
            Build(FuseOpcode.StatFs),
            Build(FuseOpcode.Release, Bytes(new FuseReleaseIn())),
            Build(FuseOpcode.Fsync, Bytes(new FuseFsyncIn())),
            Build(FuseOpcode.SetXattr, Bytes(new FuseSetXattrIn { Size = 5 }), Name("user.a"), [1, 2, 3, 4, 5]),
            Build(FuseOpcode.GetXattr, Bytes(new FuseGetXattrIn { Size = 64 }), Name("user.a")),
            Build(FuseOpcode.ListXattr, Bytes(new FuseGetXattrIn { Size = 4000 })),
            Build(FuseOpcode.RemoveXattr, Name("user.a")),
            Build(FuseOpcode.Flush, Bytes(new FuseFlushIn())),
            Build(FuseOpcode.Init, Bytes(new FuseInitIn { Major = 7, Minor = 45 })),
            Build(FuseOpcode.OpenDir, Bytes(new FuseOpenIn())),
            Build(FuseOpcode.ReadDir, Bytes(new FuseReadIn { Size = 4096 })),
            Build(FuseOpcode.ReleaseDir, Bytes(new FuseReleaseIn())),
            Build(FuseOpcode.FsyncDir, Bytes(new FuseFsyncIn())),
            Build(FuseOpcode.GetLock, Bytes(new FuseLockIn())),
            Build(FuseOpcode.SetLock, Bytes(new FuseLockIn())),
            Build(FuseOpcode.SetLockWait, Bytes(new FuseLockIn())),
            Build(FuseOpcode.Access, Bytes(new FuseAccessIn { Mask = 4 })),
            Build(FuseOpcode.Create, Bytes(new FuseCreateIn { Mode = 0x81A4 }), name),
            Build(FuseOpcode.Interrupt, Bytes(new FuseInterruptIn { Unique = 98 })),
            Build(FuseOpcode.BMap, Bytes(new FuseBMapIn())),
            Build(FuseOpcode.Destroy),
            Build(FuseOpcode.Ioctl, Bytes(new FuseIoctlIn { InSize = 8, OutSize = 16 }), new byte[8]),
            Build(FuseOpcode.Poll, Bytes(new FusePollIn())),
            Build(FuseOpcode.NotifyReply),
            Build(FuseOpcode.BatchForget, Bytes(new FuseBatchForgetIn { Count = 2 }), Bytes(new FuseForgetOne()), Bytes(new FuseForgetOne())),
            Build(FuseOpcode.Fallocate, Bytes(new FuseFallocateIn())),
            Build(FuseOpcode.ReadDirPlus, Bytes(new FuseReadIn { Size = 4096 })),
            Build(FuseOpcode.Rename2, Bytes(new FuseRename2In { NewParent = 1 }), name, other),
            Build(FuseOpcode.Lseek, Bytes(new FuseLseekIn())),
            Build(FuseOpcode.CopyFileRange, Bytes(new FuseCopyFileRangeIn())),
            Build(FuseOpcode.SetupMapping, Bytes(new FuseSetupMappingIn())),
            Build(FuseOpcode.RemoveMapping, Bytes(new FuseRemoveMappingIn())),
            Build(FuseOpcode.SyncFs, Bytes(new FuseSyncFsIn())),
            Build(FuseOpcode.TmpFile, Bytes(new FuseCreateIn()), Name("/")),
            Build(FuseOpcode.Statx, Bytes(new FuseStatxIn())),
            Build(FuseOpcode.CopyFileRange64, Bytes(new FuseCopyFileRangeIn())),
        ];
    }
}
