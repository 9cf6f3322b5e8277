using HipaaFs.Handles;
using HipaaFs.Quotas;

namespace HipaaFs;

/// <content>What may grow.</content>
public sealed partial class HipaaFileSystem
{
    private readonly QuotaTable _quotas;

    /// <summary>The quotas of the volume.</summary>
    internal QuotaTable Quotas => _quotas;

    // What the metadata does not know yet of this very file is counted with what comes.
    private FsError RefuseGrowth(FileState file, long end)
    {
        if (_quotas.IsEmpty)
        {
            return FsError.None;
        }

        long more;
        uint placement;
        uint owner;
        lock (file.Gate)
        {
            if (end <= file.Size)
            {
                return FsError.None;
            }

            more = end - file.AppliedSize;
            placement = file.Placement;
            owner = file.Owner;
        }

        return _quotas.RefuseGrowth(placement, owner, more);
    }
}
