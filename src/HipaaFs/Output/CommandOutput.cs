using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace HipaaFs.Cli.Output;

/// <summary>Writes the one answer of a command, for people or as one JSON object.</summary>
/// <remarks>With --json standard output carries exactly one object, whatever happens; progress goes to standard error as JSON lines.</remarks>
internal sealed class CommandOutput
{
    private readonly CommandContext _context;

    /// <summary>Creates the output of one run.</summary>
    public CommandOutput(CommandContext context, bool json)
    {
        _context = context;
        IsJson = json;
        Progress = new ProgressDisplay(context, json);
    }

    /// <summary>Whether the answer is one JSON object.</summary>
    public bool IsJson { get; }

    /// <summary>Shows how far long work is.</summary>
    public ProgressDisplay Progress { get; }

    /// <summary>Writes the result: as JSON, or by <paramref name="forPeople"/>.</summary>
    public void Result<T>(T result, JsonTypeInfo<T> type, Action<TextWriter> forPeople)
    {
        if (IsJson)
        {
            _context.Out.Write(Encoding.UTF8.GetString(JsonEnvelope.Result(result, type).Span));
        }
        else
        {
            forPeople(_context.Out);
        }
    }

    /// <summary>Writes why the command failed and returns the exit code.</summary>
    public ExitCode Failure(CommandException failure)
    {
        if (IsJson)
        {
            _context.Out.Write(Encoding.UTF8.GetString(JsonEnvelope.Failure(failure).Span));
            return failure.Code;
        }

        _context.Error.WriteLine($"hipaafs: {failure.Message}");
        foreach (string problem in failure.Problems)
        {
            _context.Error.WriteLine($"  {problem}");
        }

        _context.Error.WriteLine($"  {failure.Action}");
        return failure.Code;
    }

    /// <summary>Writes a line that is neither result nor failure, for people only.</summary>
    public void Note(string line)
    {
        if (!IsJson)
        {
            _context.Error.WriteLine(line);
        }
    }
}
