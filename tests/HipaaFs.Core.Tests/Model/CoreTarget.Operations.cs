using System.Globalization;
using System.Text;
using HipaaFs.Metadata;
using HipaaFs.Testing.Model;

namespace HipaaFs.Core.Tests.Model;

/// <content>The operations of the file system.</content>
internal sealed partial class CoreTarget
{
    private static readonly CreationMode NewFile = new(ModeBits.File | 0x1B6, 0x12, 0);

    private async Task<ModelOutcome> OpenOrCloseAsync(ModelCommand command)
    {
        const OpenFlags flags = OpenFlags.Read | OpenFlags.Write;
        if (command.Verb == ModelVerb.Close)
        {
            HandleId handle = _open[command.Slot].Handle;
            _open[command.Slot] = default;
            FsError flushed = await Files.FlushAsync(handle, default);
            FsError released = await Files.ReleaseAsync(handle);
            return Of(flushed == FsError.None || _wasBroken ? released : flushed);
        }

        if (command.Verb is ModelVerb.Create or ModelVerb.OpenTemporary)
        {
            return await CreateAsync(command, flags);
        }

        (InodeId inode, ModelErrno error) = await FindAsync(command.Path);
        if (error != ModelErrno.None)
        {
            return new ModelOutcome(error);
        }

        FsResult<OpenedFile> opened = await Files.OpenAsync(
            inode, command.Verb == ModelVerb.OpenTruncating ? flags | OpenFlags.Truncate : flags, Caller, default);
        if (opened.IsOk)
        {
            _open[command.Slot] = (opened.Value.Handle, inode);
        }

        return Of(opened.Error);
    }

    private async Task<ModelOutcome> CreateAsync(ModelCommand command, OpenFlags flags)
    {
        FsResult<CreatedFile> created;
        if (command.Verb == ModelVerb.Create)
        {
            (InodeId parent, byte[] name, ModelErrno error) = await FindParentAsync(command.Path);
            if (error != ModelErrno.None)
            {
                return new ModelOutcome(error);
            }

            created = await Files.CreateAsync(parent, name, NewFile, flags, Caller, default);
        }
        else
        {
            (InodeId parent, _) = await FindAsync(command.Path);
            created = await Files.CreateTemporaryAsync(parent, NewFile, flags, Caller, default);
        }

        if (created.IsOk)
        {
            _open[command.Slot] = (created.Value.Handle, created.Value.Attributes.Id);
        }

        return Of(created.Error);
    }

    private async Task<ModelOutcome> RunOnContentAsync(ModelCommand command)
    {
        (HandleId handle, InodeId inode) = _open[command.Slot];
        switch (command.Verb)
        {
            case ModelVerb.Read:
                byte[] bytes = new byte[command.Length];
                FsResult<int> read = await Files.ReadAsync(handle, command.Offset, bytes, default);
                return read.IsOk ? new ModelOutcome(ModelErrno.None, 0, bytes[..read.Value]) : Of(read.Error);
            case ModelVerb.Write:
                return await WriteAsync(handle, command.Offset, command.Content());
            case ModelVerb.Append:
                InodeAttributes now = await Files.GetAttributesAsync(inode, default).Ok();
                return await WriteAsync(handle, now.Size, command.Content());
            case ModelVerb.Truncate:
                (InodeId cut, _) = await FindAsync(command.Path);
                return Of((await Files.SetAttributesAsync(cut, new AttributeChange { Size = command.Offset }, Caller, default)).Error);
            case ModelVerb.Copy:
                FsResult<long> copied = await Files.CopyRangeAsync(
                    handle, command.Offset, _open[command.NewSlot].Handle, command.NewOffset, command.Length, default);
                return copied.IsOk ? new ModelOutcome(ModelErrno.None, copied.Value) : Of(copied.Error);
            default:
                FsResult<long> found = await Files.SeekAsync(handle, command.Offset, command.Verb == ModelVerb.SeekHole, default);
                return found.IsOk ? new ModelOutcome(ModelErrno.None, found.Value) : Of(found.Error);
        }
    }

    private async Task<ModelOutcome> WriteAsync(HandleId handle, long offset, byte[] content)
    {
        FsResult<int> written = await Files.WriteAsync(handle, offset, content, WriteOrigin.Direct, default);
        return written.IsOk && written.Value != content.Length ? new ModelOutcome(ModelErrno.NoSpace) : Of(written.Error);
    }

    private async Task<FsError> AllocateAsync(ModelCommand command, AllocateMode mode) =>
        await Files.AllocateAsync(_open[command.Slot].Handle, mode, command.Offset, command.Length, default);

    private async Task<FsError> FsyncDirectoryAsync(string path)
    {
        (InodeId inode, _) = await FindAsync(path);
        HandleId handle = await Files.OpenDirectoryAsync(inode, default).Ok();
        FsError error = await Files.FsyncDirectoryAsync(handle, default);
        Files.ReleaseDirectory(handle);
        return error;
    }

    private async Task<ModelOutcome> RunOnNamesAsync(ModelCommand command)
    {
        if (command.Verb is ModelVerb.Link or ModelVerb.LinkOpen)
        {
            return await LinkAsync(command);
        }

        if (command.Verb == ModelVerb.ReadLink)
        {
            (InodeId link, _) = await FindAsync(command.Path);
            return new ModelOutcome(ModelErrno.None, 0, await Files.ReadLinkAsync(link, default).Ok());
        }

        (InodeId parent, byte[] name, ModelErrno error) = await FindParentAsync(command.Path);
        if (error != ModelErrno.None)
        {
            return new ModelOutcome(error);
        }

        switch (command.Verb)
        {
            case ModelVerb.MakeDirectory:
                return Of((await Files.MakeDirectoryAsync(parent, name, new CreationMode(0x1FF, 0x12, 0), Caller, default)).Error);
            case ModelVerb.MakeFifo:
                return Of((await Files.MakeNodeAsync(parent, name, new CreationMode(ModeBits.Fifo | 0x1B6, 0x12, 0), Caller, default)).Error);
            case ModelVerb.SymbolicLink:
                byte[] target = Encoding.UTF8.GetBytes("nowhere" + command.Value.ToString(CultureInfo.InvariantCulture));
                return Of((await Files.MakeSymbolicLinkAsync(parent, name, target, Caller, default)).Error);
            case ModelVerb.Unlink:
                return Of(await Files.UnlinkAsync(parent, name, default));
            case ModelVerb.RemoveDirectory:
                return Of(await Files.RemoveDirectoryAsync(parent, name, default));
            default:
                return await RenameAsync(command, parent, name);
        }
    }

    private async Task<ModelOutcome> LinkAsync(ModelCommand command)
    {
        ModelErrno error = ModelErrno.None;
        InodeId inode = _open[command.Slot].Inode;
        if (command.Verb == ModelVerb.Link)
        {
            (inode, error) = await FindAsync(command.Path);
        }

        (InodeId parent, byte[] name, ModelErrno second) = await FindParentAsync(command.NewPath);
        error = error == ModelErrno.None ? second : error;
        return error == ModelErrno.None ? Of((await Files.LinkAsync(inode, parent, name, default)).Error) : new ModelOutcome(error);
    }

    private async Task<ModelOutcome> RenameAsync(ModelCommand command, InodeId parent, byte[] name)
    {
        (InodeId newParent, byte[] newName, ModelErrno error) = await FindParentAsync(command.NewPath);
        if (error != ModelErrno.None)
        {
            return new ModelOutcome(error);
        }

        RenameMode mode = command.Verb switch
        {
            ModelVerb.RenameNoReplace => RenameMode.NoReplace,
            ModelVerb.Exchange => RenameMode.Exchange,
            _ => RenameMode.Replace,
        };
        return Of(await Files.RenameAsync(parent, name, newParent, newName, mode, default));
    }

    private async Task<ModelOutcome> RunOnAttributesAsync(ModelCommand command)
    {
        (InodeId inode, ModelErrno error) = await FindAsync(command.Path);
        if (error != ModelErrno.None)
        {
            return new ModelOutcome(error);
        }

        byte[] xattr = Encoding.UTF8.GetBytes(command.XattrName);
        switch (command.Verb)
        {
            case ModelVerb.Stat:
                InodeAttributes now = await Files.GetAttributesAsync(inode, default).Ok();
                return new ModelOutcome(ModelErrno.None, now.IsFile ? now.Size : 0);
            case ModelVerb.SetMode:
                return await SetAsync(inode, new AttributeChange { Mode = (uint)command.Value & 0xFFF });
            case ModelVerb.SetOwner:
                return await SetAsync(inode, new AttributeChange { UserId = (uint)command.Value & 0xFF, GroupId = (uint)command.Length & 0xFF });
            case ModelVerb.SetTimes:
                return await SetAsync(inode, new AttributeChange { ModifyTime = Timestamp.FromUnixTime(command.Value, 0) });
            case ModelVerb.GetXattr:
                FsResult<byte[]> value = await Files.GetXattrAsync(inode, xattr, default);
                return value.IsOk ? new ModelOutcome(ModelErrno.None, 0, value.Value) : Of(value.Error);
            case ModelVerb.RemoveXattr:
                return Of(await Files.RemoveXattrAsync(inode, xattr, default));
            default:
                XattrMode mode = command.Verb switch
                {
                    ModelVerb.CreateXattr => XattrMode.Create,
                    ModelVerb.ReplaceXattr => XattrMode.Replace,
                    _ => XattrMode.Any,
                };
                return Of(await Files.SetXattrAsync(inode, xattr, command.Content(), mode, killSetGid: false, default));
        }
    }

    private async Task<ModelOutcome> SetAsync(InodeId inode, AttributeChange change) =>
        Of((await Files.SetAttributesAsync(inode, change, Caller, default)).Error);
}
