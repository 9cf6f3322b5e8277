using HipaaFs.Cache;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Metadata;

namespace HipaaFs.Cli.Daemon;

// What stays in the cache.
internal sealed partial class MountDaemon
{
    /// <inheritdoc/>
    public Task<CacheReport> DescribeCacheAsync(CancellationToken cancel) => Task.FromResult(ReportCache(null));

    /// <inheritdoc/>
    public Task<CacheReport> UseCacheAsync(CacheUse use, IReadOnlyList<ulong> inodes, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        InodeId[] files = [.. inodes.Select(static inode => new InodeId(inode))];
        string action = $"{(use == CacheUse.Warm ? "warm" : use == CacheUse.Pin ? "pin" : "unpin")} {CountText.Format(files.Length, "file")}";
        return files.All(static file => file.View == 0)
            ? PlaceAsync(action, () => UseCacheAsync(action, use, files, progress, cancel), cancel)
            : throw new CommandException(ExitCode.Refused, $"{action}: some are in a snapshot", "Name files of the volume as it is now.");
    }

    private async Task<CacheReport> UseCacheAsync(string action, CacheUse use, InodeId[] files, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        if (use == CacheUse.Unpin)
        {
            await _volume.UnpinAsync(files, cancel);
            return ReportCache(null);
        }

        if (use == CacheUse.Pin && await _volume.PinAsync(files, cancel) is { Fits: false } much)
        {
            throw new CommandException(
                ExitCode.Refused,
                $"{action}: {ByteSize.Format(much.Bytes)} of segments, in which data of other files is too, would stay in the cache, and of its {ByteSize.Format(_volume.GetStatus().Cache.MaxBytes)} at most {ByteSize.Format(much.MostBytes)} may",
                "Pin fewer files, unpin others ('hipaafs cache status' shows how much is pinned), or give the cache more room (cache.size).");
        }

        var sink = new ProgressSink<WarmProgress>(warmed => progress(new ProgressUpdate("load", warmed.Bytes, warmed.TotalBytes, "bytes")));
        return ReportCache(await _volume.WarmAsync(files, sink, cancel));
    }

    private CacheReport ReportCache(WarmProgress? warmed)
    {
        CacheUsage usage = _volume.GetStatus().Cache;
        return new CacheReport(usage.Bytes, usage.MaxBytes, _volume.PinUsage, warmed);
    }
}
