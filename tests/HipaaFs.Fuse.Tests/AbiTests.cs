using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace HipaaFs.Fuse.Tests;

/// <summary>Compares the structures with linux/fuse.h: their sizes with a table, every field with what the C compiler of the machine says.</summary>
public sealed class AbiTests
{
    private const string Header = "/usr/include/linux/fuse.h";

    private static readonly (Type Type, int Size)[] Sizes =
    [
        (typeof(FuseAttr), 88),
        (typeof(FuseStatxTime), 16),
        (typeof(FuseStatx), 256),
        (typeof(FuseStatFs), 80),
        (typeof(FuseFileLock), 24),
        (typeof(FuseEntryOut), 128),
        (typeof(FuseForgetIn), 8),
        (typeof(FuseForgetOne), 16),
        (typeof(FuseBatchForgetIn), 8),
        (typeof(FuseGetAttrIn), 16),
        (typeof(FuseAttrOut), 104),
        (typeof(FuseStatxIn), 24),
        (typeof(FuseStatxOut), 288),
        (typeof(FuseMkNodIn), 16),
        (typeof(FuseMkDirIn), 8),
        (typeof(FuseRenameIn), 8),
        (typeof(FuseRename2In), 16),
        (typeof(FuseLinkIn), 8),
        (typeof(FuseSetAttrIn), 88),
        (typeof(FuseOpenIn), 8),
        (typeof(FuseCreateIn), 16),
        (typeof(FuseOpenOut), 16),
        (typeof(FuseReleaseIn), 24),
        (typeof(FuseFlushIn), 24),
        (typeof(FuseReadIn), 40),
        (typeof(FuseWriteIn), 40),
        (typeof(FuseWriteOut), 8),
        (typeof(FuseFsyncIn), 16),
        (typeof(FuseSetXattrIn), 16),
        (typeof(FuseGetXattrIn), 8),
        (typeof(FuseGetXattrOut), 8),
        (typeof(FuseLockIn), 48),
        (typeof(FuseLockOut), 24),
        (typeof(FuseAccessIn), 8),
        (typeof(FuseInitIn), 64),
        (typeof(FuseInitOut), 64),
        (typeof(FuseInterruptIn), 8),
        (typeof(FuseBMapIn), 16),
        (typeof(FuseBMapOut), 8),
        (typeof(FuseIoctlIn), 32),
        (typeof(FuseIoctlOut), 16),
        (typeof(FusePollIn), 24),
        (typeof(FusePollOut), 8),
        (typeof(FuseNotifyPollOut), 8),
        (typeof(FuseFallocateIn), 32),
        (typeof(FuseInHeader), 40),
        (typeof(FuseOutHeader), 16),
        (typeof(FuseDirectoryEntry), 24),
        (typeof(FuseNotifyInvalidateInodeOut), 24),
        (typeof(FuseNotifyInvalidateEntryOut), 16),
        (typeof(FuseNotifyDeleteOut), 24),
        (typeof(FuseNotifyStoreOut), 24),
        (typeof(FuseNotifyPruneOut), 16),
        (typeof(FuseBackingMap), 16),
        (typeof(FuseLseekIn), 24),
        (typeof(FuseLseekOut), 8),
        (typeof(FuseCopyFileRangeIn), 56),
        (typeof(FuseCopyFileRangeOut), 8),
        (typeof(FuseSetupMappingIn), 40),
        (typeof(FuseRemoveMappingIn), 4),
        (typeof(FuseSyncFsIn), 8),
        (typeof(FuseExtensionHeader), 8),
    ];

    // The C names of the fields in order; "-" where headers differ in name or have something newer.
    private static readonly (string Name, Type Type, string Fields)[] Structures =
    [
        ("fuse_attr", typeof(FuseAttr), "ino size blocks atime mtime ctime atimensec mtimensec ctimensec mode nlink uid gid rdev blksize flags"),
        ("fuse_kstatfs", typeof(FuseStatFs), "blocks bfree bavail files ffree bsize namelen frsize padding spare[0] spare[2] spare[4]"),
        ("fuse_file_lock", typeof(FuseFileLock), "start end type pid"),
        ("fuse_entry_out", typeof(FuseEntryOut), "nodeid generation entry_valid attr_valid entry_valid_nsec attr_valid_nsec attr"),
        ("fuse_forget_in", typeof(FuseForgetIn), "nlookup"),
        ("fuse_forget_one", typeof(FuseForgetOne), "nodeid nlookup"),
        ("fuse_batch_forget_in", typeof(FuseBatchForgetIn), "count dummy"),
        ("fuse_getattr_in", typeof(FuseGetAttrIn), "getattr_flags dummy fh"),
        ("fuse_attr_out", typeof(FuseAttrOut), "attr_valid attr_valid_nsec dummy attr"),
        ("fuse_mknod_in", typeof(FuseMkNodIn), "mode rdev umask padding"),
        ("fuse_mkdir_in", typeof(FuseMkDirIn), "mode umask"),
        ("fuse_rename_in", typeof(FuseRenameIn), "newdir"),
        ("fuse_rename2_in", typeof(FuseRename2In), "newdir flags padding"),
        ("fuse_link_in", typeof(FuseLinkIn), "oldnodeid"),
        ("fuse_setattr_in", typeof(FuseSetAttrIn), "valid padding fh size lock_owner atime mtime ctime atimensec mtimensec ctimensec mode unused4 uid gid unused5"),
        ("fuse_open_in", typeof(FuseOpenIn), "flags open_flags"),
        ("fuse_create_in", typeof(FuseCreateIn), "flags mode umask open_flags"),
        ("fuse_open_out", typeof(FuseOpenOut), "fh open_flags -"),
        ("fuse_release_in", typeof(FuseReleaseIn), "fh flags release_flags lock_owner"),
        ("fuse_flush_in", typeof(FuseFlushIn), "fh unused padding lock_owner"),
        ("fuse_read_in", typeof(FuseReadIn), "fh offset size read_flags lock_owner flags padding"),
        ("fuse_write_in", typeof(FuseWriteIn), "fh offset size write_flags lock_owner flags padding"),
        ("fuse_write_out", typeof(FuseWriteOut), "size padding"),
        ("fuse_fsync_in", typeof(FuseFsyncIn), "fh fsync_flags padding"),
        ("fuse_setxattr_in", typeof(FuseSetXattrIn), "size flags setxattr_flags padding"),
        ("fuse_getxattr_in", typeof(FuseGetXattrIn), "size padding"),
        ("fuse_getxattr_out", typeof(FuseGetXattrOut), "size padding"),
        ("fuse_lk_in", typeof(FuseLockIn), "fh owner lk lk_flags padding"),
        ("fuse_lk_out", typeof(FuseLockOut), "lk"),
        ("fuse_access_in", typeof(FuseAccessIn), "mask padding"),
        ("fuse_init_in", typeof(FuseInitIn), "major minor max_readahead flags flags2 unused[0] unused[1] unused[2] unused[3] unused[4] unused[5] unused[6] unused[7] unused[8] unused[9] unused[10]"),
        ("fuse_init_out", typeof(FuseInitOut), "major minor max_readahead flags max_background congestion_threshold max_write time_gran max_pages map_alignment flags2 - - - - - - - -"),
        ("fuse_interrupt_in", typeof(FuseInterruptIn), "unique"),
        ("fuse_bmap_in", typeof(FuseBMapIn), "block blocksize padding"),
        ("fuse_bmap_out", typeof(FuseBMapOut), "block"),
        ("fuse_ioctl_in", typeof(FuseIoctlIn), "fh flags cmd arg in_size out_size"),
        ("fuse_ioctl_out", typeof(FuseIoctlOut), "result flags in_iovs out_iovs"),
        ("fuse_poll_in", typeof(FusePollIn), "fh kh flags events"),
        ("fuse_poll_out", typeof(FusePollOut), "revents padding"),
        ("fuse_notify_poll_wakeup_out", typeof(FuseNotifyPollOut), "kh"),
        ("fuse_fallocate_in", typeof(FuseFallocateIn), "fh offset length mode padding"),
        ("fuse_in_header", typeof(FuseInHeader), "len opcode unique nodeid uid gid pid - padding"),
        ("fuse_out_header", typeof(FuseOutHeader), "len error unique"),
        ("fuse_dirent", typeof(FuseDirectoryEntry), "ino off namelen type"),
        ("fuse_notify_inval_inode_out", typeof(FuseNotifyInvalidateInodeOut), "ino off len"),
        ("fuse_notify_inval_entry_out", typeof(FuseNotifyInvalidateEntryOut), "parent namelen -"),
        ("fuse_notify_delete_out", typeof(FuseNotifyDeleteOut), "parent child namelen padding"),
        ("fuse_notify_store_out", typeof(FuseNotifyStoreOut), "nodeid offset size padding"),
        ("fuse_lseek_in", typeof(FuseLseekIn), "fh offset whence padding"),
        ("fuse_lseek_out", typeof(FuseLseekOut), "offset"),
        ("fuse_copy_file_range_in", typeof(FuseCopyFileRangeIn), "fh_in off_in nodeid_out fh_out off_out len flags"),
        ("fuse_setupmapping_in", typeof(FuseSetupMappingIn), "fh foffset len flags moffset"),
        ("fuse_removemapping_in", typeof(FuseRemoveMappingIn), "count"),
        ("fuse_syncfs_in", typeof(FuseSyncFsIn), "padding"),
    ];

    public static TheoryData<string> Names() => [.. Sizes.Select(entry => entry.Type.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Size_OfStructure_IsThatOfTheProtocol(string name)
    {
        (Type type, int size) = Sizes.Single(entry => entry.Type.Name == name);

        Assert.Equal(size, Marshal.SizeOf(type));
    }

    [Fact]
    public void Layout_OfEveryField_IsThatOfTheHeader()
    {
        if (!File.Exists(Header))
        {
            Assert.Skip("needs linux-libc-dev for linux/fuse.h");
        }

        string[]? offsets = TryCompileAndRun();
        if (offsets is null)
        {
            Assert.Skip("needs a C compiler (cc)");
        }

        Assert.Equal(Expected(), offsets);
    }

    private static List<string> Expected()
    {
        var lines = new List<string>();
        foreach ((string name, Type type, string fields) in Structures)
        {
            lines.Add($"{name} {Marshal.SizeOf(type)}");
            FieldInfo[] mirrored = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
            string[] spelled = fields.Split(' ');
            Assert.Equal(spelled.Length, mirrored.Length);
            for (int index = 0; index < spelled.Length; index++)
            {
                if (spelled[index] != "-")
                {
                    lines.Add($"{name}.{spelled[index]} {Marshal.OffsetOf(type, mirrored[index].Name)}");
                }
            }
        }

        return lines;
    }

    private static string[]? TryCompileAndRun()
    {
        var source = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include <linux/fuse.h>\nint main(void) {\n");
        foreach ((string name, _, string fields) in Structures)
        {
            // The name at the end of a directory entry is not part of what is mirrored.
            string size = name == "fuse_dirent" ? "offsetof(struct fuse_dirent, name)" : $"sizeof(struct {name})";
            source.Append(CultureInfo.InvariantCulture, $"printf(\"{name} %zu\\n\", {size});\n");
            foreach (string field in fields.Split(' ').Where(field => field != "-"))
            {
                source.Append(CultureInfo.InvariantCulture, $"printf(\"{name}.{field} %zu\\n\", offsetof(struct {name}, {field}));\n");
            }
        }

        source.Append("return 0; }\n");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fuse-abi-");
        try
        {
            string file = Path.Combine(folder.FullName, "abi.c");
            string program = Path.Combine(folder.FullName, "abi");
            File.WriteAllText(file, source.ToString());
            return Commands.Run("cc", ["-o", program, file]) is { ExitCode: 0 }
                ? Commands.Run(program, [])!.Value.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                : null;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
