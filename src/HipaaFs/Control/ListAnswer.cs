using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Control;

/// <summary>Sends a list of any length as it comes: no more of it is held than goes over the socket at once.</summary>
internal sealed class ListAnswer<T>
{
    private const int FlushBytes = 32 << 10;

    private readonly PipeWriter _body;
    private readonly JsonTypeInfo<T> _type;
    private int _unsent;
    private bool _hasItems;

    /// <summary>Creates the answer; nothing is sent yet.</summary>
    public ListAnswer(PipeWriter body, JsonTypeInfo<T> type)
    {
        _body = body;
        _type = type;
    }

    /// <summary>Whether anything was sent: a failure is part of the list then.</summary>
    public bool HasBegun => _hasItems;

    /// <summary>Sends an item, when the caller takes it.</summary>
    public async ValueTask AddAsync(T item, CancellationToken cancel)
    {
        Begin();
        Write(JsonEnvelope.ListItem(item, _type, !_hasItems));
        _hasItems = true;
        if (_unsent >= FlushBytes)
        {
            _unsent = 0;
            await _body.FlushAsync(cancel);
        }
    }

    /// <summary>Ends the list.</summary>
    /// <param name="failure">Why it is not all of it; null when it is.</param>
    /// <param name="cancel">Ends the wait for the caller.</param>
    public async ValueTask EndAsync(CommandException? failure, CancellationToken cancel)
    {
        Begin();
        Write(JsonEnvelope.ListEnd(failure));
        await _body.FlushAsync(cancel);
    }

    private void Begin()
    {
        if (!_hasItems)
        {
            Write(Encoding.UTF8.GetBytes(JsonEnvelope.ListBegin + "\n"));
        }
    }

    private void Write(ReadOnlyMemory<byte> bytes)
    {
        bytes.Span.CopyTo(_body.GetSpan(bytes.Length));
        _body.Advance(bytes.Length);
        _unsent += bytes.Length;
    }
}
