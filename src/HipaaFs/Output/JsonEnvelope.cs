using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace HipaaFs.Cli.Output;

/// <summary>The one shape of every machine-readable answer, on standard output and on the control socket.</summary>
/// <remarks>
/// <c>{"schema":1,"ok":true,"result":...}</c>, or <c>{"schema":1,"ok":false,"error":{"code","exitCode","message","action","problems"}}</c>,
/// and for progress <c>{"schema":1,"progress":{"stage","done","total","unit"}}</c>. One object a line.
/// A list that may be long is one object over many lines, an item each: what it was comes last, after <c>"result":[...]</c>, and a failure may follow items.
/// </remarks>
internal static class JsonEnvelope
{
    /// <summary>The version of the shape.</summary>
    public const int Schema = 1;

    /// <summary>The first line of a list.</summary>
    public const string ListBegin = "{\"schema\":1,\"result\":[";

    private const string FailureBegin = "{\"schema\":1,";

    // The output goes to terminals and programs, never into HTML: names stay readable.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A result as one line of UTF-8, newline included.</summary>
    public static ReadOnlyMemory<byte> Result<T>(T result, JsonTypeInfo<T> type) => Write((result, type), static (json, state) =>
    {
        json.WriteBoolean("ok", true);
        json.WritePropertyName("result");
        JsonSerializer.Serialize(json, state.result, state.type);
    });

    /// <summary>A failure as one line of UTF-8, newline included.</summary>
    public static ReadOnlyMemory<byte> Failure(CommandException failure) => Write(failure, static (json, failure) =>
    {
        json.WriteBoolean("ok", false);
        json.WriteStartObject("error");
        json.WriteString("code", ExitCodes.ToWord(failure.Code));
        json.WriteNumber("exitCode", (int)failure.Code);
        json.WriteString("message", failure.Message);
        json.WriteString("action", failure.Action);
        if (failure.Problems.Count > 0)
        {
            json.WriteStartArray("problems");
            foreach (string problem in failure.Problems)
            {
                json.WriteStringValue(problem);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    });

    /// <summary>A report of progress as one line of UTF-8, newline included.</summary>
    public static ReadOnlyMemory<byte> Progress(ProgressUpdate update) => Write(update, static (json, update) =>
    {
        json.WriteStartObject("progress");
        json.WriteString("stage", update.Stage);
        json.WriteNumber("done", update.Done);
        json.WriteNumber("total", update.Total);
        json.WriteString("unit", update.Unit);
        json.WriteEndObject();
    });

    /// <summary>A line of a list, newline included.</summary>
    public static ReadOnlyMemory<byte> ListItem<T>(T item, JsonTypeInfo<T> type, bool isFirst)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        buffer.Write(isFirst ? default : ","u8);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            JsonSerializer.Serialize(json, item, type);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    /// <summary>The last line of a list, newline included.</summary>
    /// <param name="failure">Why it is not all of it; null when it is.</param>
    public static ReadOnlyMemory<byte> ListEnd(CommandException? failure) =>
        Encoding.UTF8.GetBytes(failure is null ? "],\"ok\":true}\n" : "]," + Encoding.UTF8.GetString(Failure(failure).Span)[FailureBegin.Length..]);

    /// <summary>Reads the last line of a list.</summary>
    /// <exception cref="CommandException">It says that something failed.</exception>
    public static void ReadListEnd(string line)
    {
        using var end = JsonDocument.Parse(FailureBegin + line["],".Length..]);
        ThrowIfFailed(end.RootElement);
    }

    /// <summary>Reads a line of progress; null when the line is none.</summary>
    public static ProgressUpdate? ReadProgress(JsonElement line) =>
        line.TryGetProperty("progress", out JsonElement progress)
            ? new ProgressUpdate(
                progress.GetProperty("stage").GetString()!,
                progress.GetProperty("done").GetInt64(),
                progress.GetProperty("total").GetInt64(),
                progress.GetProperty("unit").GetString()!)
            : null;

    /// <summary>Reads a result.</summary>
    /// <exception cref="CommandException">The line carries a failure, which is thrown as it was sent.</exception>
    public static T ReadResult<T>(JsonElement line, JsonTypeInfo<T> type)
    {
        ThrowIfFailed(line);
        return line.GetProperty("result").Deserialize(type)!;
    }

    /// <summary>Throws a failure as it was sent.</summary>
    /// <exception cref="CommandException">The line carries a failure.</exception>
    public static void ThrowIfFailed(JsonElement line)
    {
        if (line.GetProperty("ok").GetBoolean())
        {
            return;
        }

        JsonElement error = line.GetProperty("error");
        throw new CommandException(
            ExitCodes.FromWord(error.GetProperty("code").GetString()),
            error.GetProperty("message").GetString()!,
            error.GetProperty("action").GetString()!)
        {
            Problems = error.TryGetProperty("problems", out JsonElement problems)
                ? [.. problems.EnumerateArray().Select(problem => problem.GetString()!)]
                : [],
        };
    }

    private static ReadOnlyMemory<byte> Write<T>(T state, Action<Utf8JsonWriter, T> body)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Schema);
            body(json, state);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }
}
