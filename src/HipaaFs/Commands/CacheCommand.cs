using System.CommandLine;
using HipaaFs.Cache;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Platform;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs cache</c>: says what is in the cache of a mount and what stays there.</summary>
internal static class CacheCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("cache", "Shows the cache of a mount, and has data of files be there and stay there.")
    {
        CreateStatus(runner),
        CreateUse("pin", "Loads files into the cache and has them stay there, through restarts, until they are unpinned.", CacheUse.Pin, runner),
        CreateUse("unpin", "Has files stay in the cache no longer than others.", CacheUse.Unpin, runner),
        CreateUse("warm", "Loads files into the cache, before somebody reads them.", CacheUse.Warm, runner),
    };

    private static Command CreateStatus(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var command = new Command("status", "Shows how full the cache is, and what of it is pinned.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            CacheReport report = await client.DescribeCacheAsync(cancel);
            output.Result(report, JsonOutput.Default.CacheReport, text => Describe(report, text));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateUse(string name, string description, CacheUse use, CommandRunner runner)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files of one mount, and directories with all that is in them now.", Arity = ArgumentArity.OneOrMore };
        var command = new Command(name, description) { paths };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string[] named = parsed.GetRequiredValue(paths);
            MountEntry mount = MountLocator.FindContaining(named[0]);
            if (named.FirstOrDefault(path => MountLocator.FindContaining(path).MountPoint != mount.MountPoint) is { } other)
            {
                throw new CommandException(ExitCode.Usage, $"{name} {other}: it is not in the mount at {mount.MountPoint}, as {named[0]} is", "Run the command once for each mount.");
            }

            ulong[] inodes = [.. named.SelectMany(FindFiles).Distinct().Take(Volume.MostPinnedFiles + 1)];
            if (inodes.Length > Volume.MostPinnedFiles)
            {
                throw new CommandException(ExitCode.Refused, $"{name} what is in {string.Join(", ", named)}: that is more than {Volume.MostPinnedFiles} files", "Name fewer.");
            }

            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            CacheReport report = await output.Progress.RunAsync(progress => client.UseCacheAsync(use, inodes, progress, cancel));
            output.Result(report, JsonOutput.Default.CacheReport, text => Describe(report, text));
            return report.Warmed is { FailedFiles: > 0 } ? ExitCode.Incomplete : ExitCode.Done;
        });
        return command;
    }

    // Through the mount, as whoever runs the command; nothing is followed out of it.
    private static IEnumerable<ulong> FindFiles(string path)
    {
        string full = Path.GetFullPath(path);
        IEnumerable<string> found = Directory.Exists(full)
            ? Directory.EnumerateFiles(full, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false })
            : [full];
        using IEnumerator<string> files = found.GetEnumerator();
        while (true)
        {
            FileStatus? status;
            try
            {
                if (!files.MoveNext())
                {
                    yield break;
                }

                status = FileStatus.Of(files.Current);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CommandException(ExitCode.Failed, $"look for files in {path}: {error.Message}", "Run the command as a user who may read it.", error);
            }

            if (status is null && files.Current == full)
            {
                throw new CommandException(ExitCode.NotFound, $"look for {path}: there is nothing", "Check the path.");
            }

            if (status is { Kind: FileStatusKind.Regular } file)
            {
                yield return file.Inode;
            }
        }
    }

    private static void Describe(CacheReport report, TextWriter text)
    {
        if (report.Warmed is { } warmed)
        {
            text.WriteLine($"{CountText.Format(warmed.Files, "file")}, {ByteSize.Format(warmed.Bytes)}, {(warmed.Files == 1 ? "is" : "are")} in the cache.");
            if (warmed.FailedFiles > 0)
            {
                text.WriteLine($"Of {CountText.Format(warmed.FailedFiles, "file")} not everything could be loaded: it is in an archive, its store does not answer, or the disk of the cache is full.");
            }
        }

        PinUsage pinned = report.Pinned;
        text.WriteLine($"cache   {ByteSize.Format(report.Bytes)} of {ByteSize.Format(report.MaxBytes)}");
        text.WriteLine(pinned.Files == 0
            ? $"pinned  nothing; {ByteSize.Format(pinned.MostBytes)} can be"
            : $"pinned  {CountText.Format(pinned.Files, "file")}; whole segments stay: {CountText.Format(pinned.Segments, "segment")} of {ByteSize.Format(pinned.Bytes)}, also with data of other files, of which {ByteSize.Format(pinned.CachedBytes)} are loaded; {ByteSize.Format(pinned.MostBytes)} can be");
    }
}
