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

    /// <summary>Writes a list of any length as it comes: as one JSON object, or an item after the other by <paramref name="forPeople"/>.</summary>
    /// <exception cref="CommandException">It failed and nothing says so yet.</exception>
    public async Task<ExitCode> ListAsync<T>(Func<Action<T>, Task> produce, JsonTypeInfo<T> type, Action<TextWriter, T> forPeople)
    {
        bool hasItems = false;
        try
        {
            await produce(Add);
        }
        catch (CommandException failure) when (IsJson && hasItems)
        {
            Write(JsonEnvelope.ListEnd(failure));
            return failure.Code;
        }

        if (IsJson)
        {
            Begin();
            Write(JsonEnvelope.ListEnd(null));
        }

        return ExitCode.Done;

        void Add(T item)
        {
            if (IsJson)
            {
                Begin();
                Write(JsonEnvelope.ListItem(item, type, !hasItems));
            }
            else
            {
                forPeople(_context.Out, item);
            }

            hasItems = true;
        }

        void Begin()
        {
            if (!hasItems)
            {
                _context.Out.WriteLine(JsonEnvelope.ListBegin);
            }
        }

        void Write(ReadOnlyMemory<byte> line) => _context.Out.Write(Encoding.UTF8.GetString(line.Span));
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
