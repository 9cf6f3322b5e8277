namespace HipaaFs.Testing.Model;

/// <content>What changes and reads bytes.</content>
public sealed partial class ModelFileSystem
{
    private const int KernelPage = 4096;

    private ModelOutcome RunOnContent(ModelCommand command)
    {
        int id = command.Verb == ModelVerb.Truncate ? State.Find(command.Path, out _) : _open[command.Slot];
        ModelNode node = State[id];
        ModelContent content = node.Content;
        int end = command.Offset + command.Length;
        switch (command.Verb)
        {
            case ModelVerb.Read:
                int start = Math.Min(command.Offset, content.Bytes.Length);
                return new ModelOutcome(ModelErrno.None, 0, content.Bytes[start..Math.Min(end, content.Bytes.Length)]);
            case ModelVerb.Write:
                History.Add(State.Set(id, node.With(content.Write(command.Offset, command.Content()))));
                break;
            case ModelVerb.Append:
                History.Add(State.Set(id, node.With(content.Write(content.Bytes.Length, command.Content()))));
                break;
            case ModelVerb.Truncate:
                History.Add(State.Set(id, Told(node, command.Offset).With(content.Resize(command.Offset))));
                break;
            case ModelVerb.PunchHole or ModelVerb.ZeroRangeKeepSize:
                History.Add(State.Set(id, AppliedFrom(node, content.Zero(command.Offset, command.Length, grow: false), command.Offset)));
                break;
            case ModelVerb.ZeroRange:
                History.Add(State.Set(id, AppliedFrom(node, content.Zero(command.Offset, command.Length, grow: true), command.Offset)));
                break;
            case ModelVerb.Allocate when end > content.Bytes.Length:
                History.Add(State.Set(id, Told(node, end).With(content.Resize(end))));
                break;
            case ModelVerb.Allocate when Told(node, end) is { } told && told != node:
                History.Add(State.Set(id, told.With(content)));
                break;
            case ModelVerb.Copy:
                return Copy(command);
            default:
                break;
        }

        return ModelOutcome.Done;
    }

    private ModelOutcome Copy(ModelCommand command)
    {
        byte[] source = State[_open[command.Slot]].Content.Bytes;
        int length = Math.Clamp(source.Length - command.Offset, 0, command.Length);
        if (length > 0)
        {
            int id = _open[command.NewSlot];
            ModelNode read = State[_open[command.Slot]];
            ModelState state = State.Set(_open[command.Slot], AppliedFrom(read, read.Content, command.Offset));
            ModelContent written = state[id].Content.Write(command.NewOffset, source.AsSpan(command.Offset, length));
            History.Add(state.Set(id, AppliedFrom(state[id], written, command.NewOffset)));
        }

        return new ModelOutcome(ModelErrno.None, length);
    }

    // A size is told to the file system at once, before pages that are kept back, and it may have less of the file: a crash between leaves zeros where they would
    // have been.
    private ModelNode Told(ModelNode node, int length) =>
        hasPageCache && node.Shortest is { } shortest && shortest.Bytes.Length < length && node.Versions.Count > 1 ? node.With(shortest.Resize(length)) : node;

    // fuse_writeback_range of Linux writes back what is dirty from the range's first page to the end of the file, and asks the file system then.
    private ModelNode AppliedFrom(ModelNode node, ModelContent content, int offset) =>
        hasPageCache ? node.AppliedFrom(content, offset / KernelPage * KernelPage) : node.Applied(content);

    /// <summary>Whether an answer to a search for data or a hole is one that the bytes allow.</summary>
    public bool AllowsSeek(ModelCommand command, ModelOutcome found)
    {
        byte[] bytes = State[_open[command.Slot]].Content.Bytes;
        if (command.Offset >= bytes.Length)
        {
            return found.Error == ModelErrno.NoSuchAddress;
        }

        if (command.Verb == ModelVerb.SeekHole)
        {
            return found.Error == ModelErrno.None && found.Value >= command.Offset && found.Value <= bytes.Length
                && (found.Value == bytes.Length || bytes[found.Value] == 0);
        }

        long skipped = found.Error == ModelErrno.NoSuchAddress ? bytes.Length : found.Value;
        return found.Error is ModelErrno.None or ModelErrno.NoSuchAddress
            && skipped >= command.Offset && skipped <= bytes.Length
            && !bytes.AsSpan(command.Offset..(int)skipped).ContainsAnyExcept((byte)0);
    }
}
