using HipaaFs.Archives;
using HipaaFs.Metadata;

namespace HipaaFs;

/// <content>Files whose data is in an archive.</content>
public sealed partial class HipaaFileSystem
{
    // Whether a file may be opened to be read. What can be read when it is opened may be archived later: who reads it then is told so.
    private async ValueTask<FsError> AdmitAsync(InodeId inode, Caller caller, CancellationToken interrupted)
    {
        if (!_parts.Archived.MayBe)
        {
            return FsError.None;
        }

        _ = caller;
        FsResult<FileArchive> found = await _parts.Archived.ExamineAsync(inode, 0, isWhole: false, interrupted);
        return !found.IsOk ? found.Error : found.Value.IsOutOfReach ? FsError.Archived : FsError.None;
    }
}
