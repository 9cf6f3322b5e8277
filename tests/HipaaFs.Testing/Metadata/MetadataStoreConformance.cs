using System.Security.Cryptography;
using System.Text;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <summary>What every engine behind <see cref="IMetadataStore"/> must do. Inherited once for each engine and each way to stress it.</summary>
public abstract partial class MetadataStoreConformance : IAsyncLifetime
{
    // rw-r--r-- and rwxr-xr-x.
    private const uint FileMode = ModeBits.File | 0x1A4;
    private const uint DirectoryMode = ModeBits.Directory | 0x1ED;

    private ulong _operation;
    private long _clock = 1_000;
    private InodeRange _range;
    private int _used;

    private IMetadataStore Store { get; set; } = null!;

    private SessionRow Session { get; set; }

    public async ValueTask InitializeAsync()
    {
        Store = await OpenAsync();
        Session = Ok(await Store.OpenSessionAsync(new SessionOpening { Host = "node", ProcessId = 7, Now = Now() })).Value;
        _range = Ok(await Store.ReserveInodesAsync(Session.Id, 4096));
        Ok(await Store.CreateAsync(new CreateRequest { NewInode = InodeId.Root, Mode = DirectoryMode, Now = Now() }));
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens an empty store. May be called more than once in a test; each store is another volume.</summary>
    protected abstract ValueTask<IMetadataStore> OpenAsync();

    /// <summary>Removes what stores have left behind.</summary>
    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    private static T Ok<T>(MetadataResult<T> result)
    {
        Assert.Equal(MetadataError.None, result.Error);
        return result.Value;
    }

    private static void Fails<T>(MetadataError error, MetadataResult<T> result) => Assert.Equal(error, result.Error);

    private static NameTag Tag(InodeId parent, string name) =>
        NameTag.Read(SHA256.HashData(Encoding.UTF8.GetBytes($"{parent}/{name}")));

    private static EntryName Name(InodeId parent, string name) =>
        new(Tag(parent, name), Encoding.UTF8.GetBytes($"sealed {parent}/{name}"));

    private static SealedXattr Xattr(InodeId inode, string name, string value) =>
        new(Tag(inode, "xattr " + name), Encoding.UTF8.GetBytes("sealed " + name), Encoding.UTF8.GetBytes("sealed " + value));

    private Timestamp Now() => new(++_clock);

    private OperationId Next() => new(Session.Id.Value, ++_operation);

    private InodeId NewInode() => new(_range.First.Value + (ulong)_used++);

    private CreateRequest Creation(InodeId parent, string name, uint mode = FileMode) => new()
    {
        Operation = Next(),
        Parent = parent,
        Name = Name(parent, name),
        NewInode = NewInode(),
        Mode = mode,
        Uid = 10,
        Gid = 20,
        Session = Session.Id,
        Now = Now(),
    };

    private async Task<InodeId> CreateFileAsync(string name, InodeId? parent = null) =>
        Ok(await Store.CreateAsync(Creation(parent ?? InodeId.Root, name))).Value.Inode.Id;

    private async Task<InodeId> CreateDirectoryAsync(string name, InodeId? parent = null) =>
        Ok(await Store.CreateAsync(Creation(parent ?? InodeId.Root, name, DirectoryMode))).Value.Inode.Id;

    private async Task<InodeAttributes> StatAsync(InodeId inode) => Ok(await Store.GetInodeAsync(inode));

    private async Task<MetadataResult<DirectoryEntry>> FindAsync(InodeId parent, string name) =>
        await Store.LookupAsync(parent, Tag(parent, name));

    private UnlinkRequest Removal(InodeId parent, string name, bool directory = false, bool keep = false) => new()
    {
        Operation = Next(),
        Parent = parent,
        Name = Tag(parent, name),
        Directory = directory,
        KeepOrphan = keep,
        Session = Session.Id,
        Now = Now(),
    };

    private LinkRequest Linking(InodeId inode, InodeId parent, string name) => new()
    {
        Operation = Next(),
        Inode = inode,
        Parent = parent,
        Name = Name(parent, name),
        Now = Now(),
    };

    private RenameRequest Renaming(InodeId parent, string name, InodeId newParent, string newName) => new()
    {
        Operation = Next(),
        Parent = parent,
        Name = Tag(parent, name),
        NewParent = newParent,
        NewName = Name(newParent, newName),
        Session = Session.Id,
        Now = Now(),
    };

    private async Task<SegmentId> AddSegmentAsync(SegmentState state = SegmentState.Staged)
    {
        SegmentRow row = NewSegment(state);
        Ok(await Store.AddSegmentAsync(Next(), row));
        return row.Id;
    }

    private async Task<InodeAttributes> WriteAsync(InodeId inode, params Extent[] extents) => Ok(await Store.WriteExtentsAsync(
        new WriteExtentsRequest
        {
            Operation = Next(),
            Inode = inode,
            Extents = extents,
            Size = extents[^1].End,
            ModifyTime = Now(),
            ChangeTime = Now(),
        })).Value;

    private async Task<IReadOnlyList<Extent>> ExtentsAsync(InodeId inode) =>
        Ok(await Store.GetExtentsAsync(inode, 0, long.MaxValue, int.MaxValue)).Extents;

    private async Task<List<DirectoryEntry>> ListAsync(InodeId directory, int page = 16)
    {
        var all = new List<DirectoryEntry>();
        var buffer = new DirectoryEntry[page];
        NameTag? after = null;
        while (true)
        {
            int count = Ok(await Store.ReadDirectoryAsync(directory, after, buffer));
            all.AddRange(buffer.Take(count));
            if (count < page)
            {
                return all;
            }

            after = buffer[count - 1].Name.Tag;
        }
    }
}
