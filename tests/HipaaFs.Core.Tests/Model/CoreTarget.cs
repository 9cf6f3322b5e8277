using System.Globalization;
using System.Text;
using HipaaFs.Metadata;
using HipaaFs.Testing.Model;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Model;

/// <summary>A volume of one run, called as a frontend calls it.</summary>
internal sealed partial class CoreTarget : IModelTarget
{
    private static readonly Caller Caller = FileSystemCalls.Someone;

    private readonly ManualTimeProvider? _clock;
    private readonly (HandleId Handle, InodeId Inode)[] _open = new (HandleId Handle, InodeId Inode)[ModelFileSystem.Slots];
    private TestVolume _test;

    private CoreTarget(TestVolume test, ManualTimeProvider? clock)
    {
        _test = test;
        _clock = clock;
    }

    public bool MayFail => _storeBroken || _diskBroken;

    public bool HasPageCache => false;

    private HipaaFileSystem Files => _test.FileSystem;

    /// <summary>Makes a volume, of odd seeds on a clock that only <see cref="ModelVerb.Wait"/> moves, so that a run does the same again.</summary>
    public static async Task<IModelTarget> OpenAsync(int seed)
    {
        ManualTimeProvider? clock = seed % 2 == 1 ? new ManualTimeProvider() : null;
        var options = new TestVolumeOptions { Time = clock ?? TimeProvider.System };
        return new CoreTarget(await TestVolume.CreateAsync(options), clock);
    }

    public async ValueTask<ModelOutcome> RunAsync(ModelCommand command) => command.Verb switch
    {
        ModelVerb.Create or ModelVerb.Open or ModelVerb.OpenTruncating or ModelVerb.OpenTemporary or ModelVerb.Close => await OpenOrCloseAsync(command),
        ModelVerb.Read or ModelVerb.Write or ModelVerb.Append or ModelVerb.Truncate or ModelVerb.Copy or ModelVerb.SeekData or ModelVerb.SeekHole =>
            await RunOnContentAsync(command),
        ModelVerb.PunchHole => Of(await AllocateAsync(command, AllocateMode.PunchHole)),
        ModelVerb.ZeroRange => Of(await AllocateAsync(command, AllocateMode.ZeroRange)),
        ModelVerb.ZeroRangeKeepSize => Of(await AllocateAsync(command, AllocateMode.ZeroRangeKeepSize)),
        ModelVerb.Allocate => Of(await AllocateAsync(command, AllocateMode.Allocate)),
        ModelVerb.AllocateKeepSize => Of(await AllocateAsync(command, AllocateMode.AllocateKeepSize)),
        ModelVerb.Fsync => Of(await Files.FsyncAsync(_open[command.Slot].Handle, dataOnly: command.Value % 2 == 0, default)),
        ModelVerb.FsyncDirectory => Of(await FsyncDirectoryAsync(command.Path)),
        ModelVerb.Sync => Of(await Files.SyncAsync(default)),
        ModelVerb.TakeSnapshot => Of((await _test.Volume.CreateSnapshotAsync(command.SnapshotName, default)).Error),
        ModelVerb.DeleteSnapshot => Of(await _test.Volume.DeleteSnapshotAsync(command.SnapshotName, default)),
        >= ModelVerb.Remount => await HappenAsync(command),
        >= ModelVerb.SetXattr => await RunOnAttributesAsync(command),
        _ => await RunOnNamesAsync(command),
    };

    public async ValueTask<List<ObservedNode>> ObserveAsync()
    {
        var observed = new List<ObservedNode>();
        await ObserveAsync(InodeId.Root, string.Empty, observed);
        return observed;
    }

    public async ValueTask<List<ObservedNode>?> ObserveSnapshotAsync(string name)
    {
        (InodeId root, ModelErrno error) = await FindAsync(".snapshots/" + name);
        if (error == ModelErrno.NoEntry)
        {
            return null;
        }

        Assert.Equal(ModelErrno.None, error);
        var observed = new List<ObservedNode>();
        await ObserveAsync(root, string.Empty, observed);
        return observed;
    }

    public async ValueTask FinishAsync()
    {
        await DrainAsync();
        await _test.AssertSoundAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Heal();
        await _test.DisposeAsync();
    }

    private static ModelOutcome Of(FsError error) => new(ErrnoOf(error));

    private static ModelErrno ErrnoOf(FsError error) => error switch
    {
        FsError.None => ModelErrno.None,
        FsError.NotFound => ModelErrno.NoEntry,
        FsError.Exists => ModelErrno.Exists,
        FsError.NotADirectory => ModelErrno.NotADirectory,
        FsError.IsADirectory => ModelErrno.IsADirectory,
        FsError.DirectoryNotEmpty => ModelErrno.NotEmpty,
        FsError.InvalidArgument => ModelErrno.Invalid,
        FsError.NotPermitted => ModelErrno.NotPermitted,
        FsError.ReadOnly => ModelErrno.ReadOnly,
        FsError.NoAttribute => ModelErrno.NoAttribute,
        FsError.NoSuchAddress => ModelErrno.NoSuchAddress,
        FsError.NoSpace => ModelErrno.NoSpace,
        FsError.TimedOut => ModelErrno.TimedOut,
        FsError.Io or FsError.NotAuthentic => ModelErrno.Io,
        _ => throw new ModelDivergenceException($"answered {error}"),
    };

    private async Task<(InodeId Inode, ModelErrno Error)> FindAsync(string path)
    {
        InodeAttributes at = await Files.GetAttributesAsync(InodeId.Root, default).Ok();
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!at.IsDirectory)
            {
                return (default, at.Kind == InodeKind.SymbolicLink ? ModelErrno.NoEntry : ModelErrno.NotADirectory);
            }

            FsResult<InodeAttributes> found = await Files.LookupAsync(at.Id, Encoding.UTF8.GetBytes(name), default);
            if (!found.IsOk)
            {
                return (default, ErrnoOf(found.Error));
            }

            at = found.Value;
        }

        return (at.Id, ModelErrno.None);
    }

    private async Task<(InodeId Parent, byte[] Name, ModelErrno Error)> FindParentAsync(string path)
    {
        int slash = path.LastIndexOf('/');
        (InodeId parent, ModelErrno error) = await FindAsync(slash < 0 ? string.Empty : path[..slash]);
        if (error == ModelErrno.None)
        {
            InodeAttributes directory = await Files.GetAttributesAsync(parent, default).Ok();
            if (!directory.IsDirectory)
            {
                error = directory.Kind == InodeKind.SymbolicLink ? ModelErrno.NoEntry : ModelErrno.NotADirectory;
            }
        }

        return (parent, Encoding.UTF8.GetBytes(path[(slash + 1)..]), error);
    }

    private async Task ObserveAsync(InodeId directory, string path, List<ObservedNode> observed)
    {
        List<(string Name, InodeAttributes Inode)> entries = await Files.ListAsync(directory);
        entries.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        foreach ((string name, InodeAttributes inode) in entries)
        {
            string here = path + "/" + name;
            observed.Add(await ObserveAsync(here, inode));
            if (inode.IsDirectory)
            {
                await ObserveAsync(inode.Id, here, observed);
            }
        }
    }

    private async Task<ObservedNode> ObserveAsync(string path, InodeAttributes inode)
    {
        byte[] content = [];
        FsError error = FsError.None;
        if (inode.IsFile)
        {
            (content, error) = await ReadAllAsync(inode);
        }

        var node = new ObservedNode(path, inode.Id.Value, KindOf(inode.Kind), inode.Mode & ModeBits.PermissionMask)
        {
            Owner = inode.Uid,
            Group = inode.Gid,
            Links = (int)inode.LinkCount,
            Target = inode.Kind == InodeKind.SymbolicLink ? Encoding.UTF8.GetString(await Files.ReadLinkAsync(inode.Id, default).Ok()) : string.Empty,
            Content = content,
            Modified = inode.ModifyTime.Seconds,
            ReadError = ErrnoOf(error),
        };
        byte[] names = await Files.ListXattrsAsync(inode.Id, default).Ok();
        foreach (string name in Encoding.UTF8.GetString(names).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            node.Xattrs.Add(name, await Files.GetXattrAsync(inode.Id, Encoding.UTF8.GetBytes(name), default).Ok());
        }

        return node;
    }

    private async Task<(byte[] Content, FsError Error)> ReadAllAsync(InodeAttributes inode)
    {
        HandleId handle = (await Files.OpenAsync(inode.Id, OpenFlags.Read, Caller, default).Ok()).Handle;
        byte[] content = new byte[inode.Size];
        FsResult<int> read = await Files.ReadAsync(handle, 0, content, default);
        await Files.ReleaseAsync(handle).Ok();
        if (read.IsOk && read.Value != content.Length)
        {
            throw new ModelDivergenceException(string.Create(CultureInfo.InvariantCulture, $"{read.Value} bytes read of {content.Length}"));
        }

        return read.IsOk ? (content, FsError.None) : ([], read.Error);
    }

    private static ModelKind KindOf(InodeKind kind) => kind switch
    {
        InodeKind.Directory => ModelKind.Directory,
        InodeKind.SymbolicLink => ModelKind.SymbolicLink,
        InodeKind.File => ModelKind.File,
        _ => ModelKind.Fifo,
    };
}
