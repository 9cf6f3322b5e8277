using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Daemon;

// Reading everything in the store.
internal sealed partial class MountDaemon
{
    /// <inheritdoc/>
    public async Task<ScrubResult> ScrubAsync(ScrubOptions options, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"scrub the store of {_plan.MountPoint}";
        try
        {
            var sink = new ProgressSink<ScrubProgress>(done => progress(new ProgressUpdate("scrub", done.DoneBytes, done.TotalBytes, "bytes")));
            ScrubReport report = await _volume.ScrubAsync(options, sink, cancel)
                ?? throw new CommandException(ExitCode.Refused, $"{action}: the mount is read-only", "Run it on the mount that writes.");
            return new ScrubResult(
                report.Segments,
                report.Bytes,
                report.IsResumed,
                report.Damaged,
                report.Repaired,
                [.. report.Findings.Where(static finding => !finding.IsRepaired).Select(ToLine)],
                [.. report.Findings.Where(static finding => finding.IsRepaired).Select(ToLine)],
                report.Stopped == StoreError.None ? null : _volume.Explain(report.Stopped, options.Store),
                [.. report.Objects.Select(ToLine)]);
        }
        catch (InvalidOperationException error)
        {
            throw new CommandException(ExitCode.HeldByAnother, $"{action}: a scrub is under way", "Wait for its end.", error);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"{action}: {error.Message}", "The log says what the disk did.", error);
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new CommandException(
                ExitCode.Incomplete, $"{action}: the mount is ending, or a newer session has the volume", "Run it again on the next mount: it goes on from there.", error);
        }
    }

    private static ScrubObjectLine ToLine(ScrubObjectFinding finding) => new(
        finding.Kind switch
        {
            ScrubObjectKind.VolumeMark => "volume.json",
            ScrubObjectKind.KeyRing => "keyring",
            ScrubObjectKind.ChangeStream => "stream",
            ScrubObjectKind.Mirror => "mirror",
            _ => throw new ArgumentOutOfRangeException(nameof(finding)),
        },
        finding.IsMissing,
        finding.IsRepaired);

    private static ScrubLine ToLine(ScrubFinding finding) => new(
        finding.Segment.ToString(),
        finding.IsMissing,
        finding.BadFrames,
        finding.FileCount,
        [.. finding.Files.Select(static file => new ScrubFile(file.Inode.Value, file.MissingBytes))]);
}
