using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Scrubbing;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs scrub</c>: reads everything in the store, opens every frame, and puts back what this machine still has whole.</summary>
internal static class ScrubCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var bandwidth = new Option<string?>("--bandwidth") { Description = "Most bytes a second to read, as 50MiB. Default: no limit.", HelpName = "RATE" };
        var restart = new Option<bool>("--restart") { Description = "Begin anew although an earlier one was left unfinished." };
        var command = new Command("scrub", "Reads everything in the store and repairs what can be; goes on where the last one was left.") { mountPoint, bandwidth, restart };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            var options = new ScrubOptions { BytesPerSecond = ReadRate(parsed.GetValue(bandwidth)), Restart = parsed.GetValue(restart) };
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            ScrubResult found = await output.Progress.RunAsync(report => client.ScrubAsync(options, report, cancel));
            output.Result(found, JsonOutput.Default.ScrubResult, text => Describe(found, text));
            return ToExitCode(found);
        });
        return command;
    }

    /// <summary>What a scrub comes to.</summary>
    public static ExitCode ToExitCode(ScrubResult found) => IsDamaged(found) ? ExitCode.Integrity : found.Stopped is not null ? ExitCode.Store : ExitCode.Done;

    private static bool IsDamaged(ScrubResult found) => found.Damaged.Count > 0 || found.Objects.Any(static line => !line.Repaired);

    /// <summary>A rate in bytes a second; 0 when none is given.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static long ReadRate(string? text)
    {
        if (text is null)
        {
            return 0;
        }

        return ByteSize.TryParse(text, out long rate) && rate > 0
            ? rate
            : throw new CommandException(ExitCode.Usage, $"read --bandwidth: '{text}' is no rate", "Write 50MiB, or a number of bytes a second.");
    }

    /// <summary>A scrub for people.</summary>
    public static void Describe(ScrubResult found, TextWriter text)
    {
        text.WriteLine($"Read {found.Segments} segments, {ByteSize.Format(found.Bytes)}{(found.Resumed ? ", going on where the last scrub was left" : "")}.");
        foreach (ScrubObjectLine line in found.Objects)
        {
            text.WriteLine(Describe(line));
        }

        foreach (ScrubLine line in found.Repaired)
        {
            text.WriteLine($"  repaired  segment {line.Segment}: it was {Describe(line)}");
        }

        foreach (ScrubLine line in found.Damaged)
        {
            text.WriteLine($"  DAMAGED   segment {line.Segment}: it is {Describe(line)}, and this machine does not have it whole");
            foreach (ScrubFile file in line.Files)
            {
                text.WriteLine($"            inode {file.Inode}: {file.Bytes} bytes cannot be read");
            }

            if (line.FileCount > line.Files.Count)
            {
                text.WriteLine($"            and {line.FileCount - line.Files.Count} more files; the log names their inodes");
            }
        }

        long more = found.DamagedSegments - found.Damaged.Count + found.RepairedSegments - found.Repaired.Count;
        if (more > 0)
        {
            text.WriteLine($"  and {more} more segments: {found.DamagedSegments} are damaged and {found.RepairedSegments} were repaired in all; the log names them and the inodes");
        }

        if (found.Damaged.Count > 0)
        {
            text.WriteLine("Bring the objects back from a copy of the store. 'find MOUNTPOINT -inum INODE' shows the name of a file.");
        }

        text.WriteLine(
            found.Stopped is { } reason ? $"The store stopped answering ({reason}). Run it again: it goes on from there."
            : !IsDamaged(found) ? "Everything is as it was written."
            : "Everything else is as it was written.");
    }

    private static string Describe(ScrubObjectLine line)
    {
        string state = line.Missing ? "missing" : "damaged";
        return (line.Object, line.Repaired) switch
        {
            ("stream", true) => $"  repaired  stream: a chain of the change stream was {state}; a new one was begun",
            ("mirror", true) => "  repaired  mirror: copies of key ring or change stream were damaged; they were copied again from the home",
            ("mirror", false) => "  DAMAGED   mirror: copies of key ring or change stream are damaged, and could not be copied again yet",
            ("stream", false) => $"  DAMAGED   stream: a chain of the change stream is {state}, and a new one could not be published yet",
            (_, true) => $"  repaired  {line.Object}: it was {state}",
            (_, false) => $"  DAMAGED   {line.Object}: it is {state}, and could not be put back; without it nothing can be restored",
        };
    }

    private static string Describe(ScrubLine line) =>
        line.Missing ? "missing" : line.BadFrames == 0 ? "cut off" : $"damaged in {line.BadFrames} frames";
}
