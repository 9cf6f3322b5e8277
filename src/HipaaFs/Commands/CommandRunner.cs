using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Volumes;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary>Runs the body of a command and turns its failure into output and exit code.</summary>
internal sealed class CommandRunner
{
    /// <summary>Creates the runner of one command line.</summary>
    public CommandRunner(CommandContext context)
    {
        Context = context;
        Json = new Option<bool>("--json")
        {
            Description = "Answer with one JSON object on standard output; progress as JSON lines on standard error.",
            Recursive = true,
        };
    }

    /// <summary>What the commands see of the world.</summary>
    public CommandContext Context { get; }

    /// <summary>The option that every command has.</summary>
    public Option<bool> Json { get; }

    /// <summary>Makes <paramref name="body"/> what the command does.</summary>
    public void Handle(Command command, Func<ParseResult, CommandOutput, CancellationToken, Task<ExitCode>> body)
    {
        command.SetAction(async (parsed, cancel) =>
        {
            CommandOutput output = Context.OpenOutput(parsed.GetValue(Json));
            foreach (string unknown in EnvironmentVariables.DescribeUnknown(Context.EnvironmentNames))
            {
                output.Note($"hipaafs: {unknown}");
            }

            try
            {
                return (int)await body(parsed, output, cancel);
            }
            catch (CommandException failure)
            {
                return (int)output.Failure(failure);
            }
            catch (VolumeException failure)
            {
                return (int)output.Failure(VolumeFailures.ToCommand(failure));
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return (int)output.Failure(new CommandException(
                    ExitCode.Failed, $"{command.Name}: interrupted", "Run it again; what was done so far is kept or was undone."));
            }
        });
    }
}
