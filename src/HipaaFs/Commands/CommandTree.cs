using System.Collections.Frozen;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary>The whole command line of <c>hipaafs</c>.</summary>
internal static class CommandTree
{
    /// <summary>The words by which a command line shows that keys or passphrases will be in this process. One that only looks so loses nothing.</summary>
    public static readonly FrozenSet<string> KeyHolders = FrozenSet.Create(StringComparer.Ordinal, "init", "mount", "fsck", "restore", "key");

    /// <summary>Builds the commands.</summary>
    public static RootCommand Build(CommandRunner runner)
    {
        var root = new RootCommand("Mounts object storage as one encrypted POSIX filesystem.")
        {
            runner.Json,
            InitCommand.Create(runner),
            MountCommand.Create(runner),
            UmountCommand.Create(runner),
            StatusCommand.Create(runner),
            SyncCommand.Create(runner),
            SnapshotCommand.Create(runner),
            GcCommand.Create(runner),
            ScrubCommand.Create(runner),
            TrashCommand.Create(runner),
            FsckCommand.Create(runner),
            RestoreCommand.Create(runner),
            ImportCommand.Create(runner),
            ExportCommand.Create(runner),
            VerifyCommand.Create(runner),
            KeyCommand.Create(runner),
            ConfigCommand.Create(runner),
            PolicyCommand.Create(runner),
            StoreCommand.Create(runner),
            CacheCommand.Create(runner),
            ResidencyCommand.Create(runner),
            QuotaCommand.Create(runner),
            CostCommand.Create(runner),
            RecallCommand.Create(runner),
            CompletionCommand.Create(runner),
        };
        foreach (Option option in root.Options)
        {
            if (option is VersionOption version)
            {
                version.Action = new VersionAction(runner);
            }
        }

        return root;
    }

    /// <summary>Parses and runs one command line; returns the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandContext context, CancellationToken stop)
    {
        var runner = new CommandRunner(context);
        ParseResult parsed = Build(runner).Parse(arguments, new ParserConfiguration { EnablePosixBundling = true, ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            return (int)context.OpenOutput(arguments.Contains("--json")).Failure(Explain(parsed));
        }

        if (FindMisreadOption(parsed, arguments) is { } misread)
        {
            return (int)context.OpenOutput(arguments.Contains("--json")).Failure(new CommandException(
                ExitCode.Usage,
                $"there is no option {misread}",
                $"See '{CommandPath(parsed.CommandResult.Command)} --help'. A name that begins with a dash goes after '--'."));
        }

        var invocation = new InvocationConfiguration
        {
            Output = context.Out,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // Program watches the signals itself.
        };
        return await parsed.InvokeAsync(invocation, stop);
    }

    /// <summary>The version of this program.</summary>
    public static string Version =>
        typeof(CommandTree).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    private static CommandException Explain(ParseResult parsed)
    {
        string command = CommandPath(parsed.CommandResult.Command);
        string[] problems = [.. parsed.Errors.Select(error => error.Message).Distinct()];
        return new CommandException(
            ExitCode.Usage,
            problems.Length == 1 ? problems[0] : $"the command line has {problems.Length} mistakes",
            $"See '{command} --help'.")
        {
            Problems = problems.Length == 1 ? [] : problems,
        };
    }

    // The parser takes an option it does not know for an argument, and a misspelt --now would become a mount point.
    private static string? FindMisreadOption(ParseResult parsed, IReadOnlyList<string> arguments)
    {
        if (arguments.Contains("--"))
        {
            return null;
        }

        foreach (SymbolResult child in parsed.CommandResult.Children)
        {
            if (child is ArgumentResult && child.Tokens.FirstOrDefault(token => token.Value.StartsWith('-')) is { } misread)
            {
                return misread.Value;
            }
        }

        return null;
    }

    private static string CommandPath(Command command)
    {
        Command? parent = command.Parents.OfType<Command>().FirstOrDefault();
        return parent is null ? "hipaafs" : $"{CommandPath(parent)} {command.Name}";
    }

    private sealed class VersionAction(CommandRunner runner) : SynchronousCommandLineAction
    {
        public override bool Terminating => true;

        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            CommandOutput output = runner.Context.OpenOutput(parseResult.GetValue(runner.Json));
            output.Result(
                new VersionResult(Version),
                JsonOutput.Default.VersionResult,
                static text => text.WriteLine($"hipaafs {Version}"));
            return (int)ExitCode.Done;
        }
    }
}
