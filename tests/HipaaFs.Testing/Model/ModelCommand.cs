using System.Globalization;

namespace HipaaFs.Testing.Model;

/// <summary>One operation of a run. It means something in every state, so that others can be taken out of a run around it.</summary>
public sealed record ModelCommand(ModelVerb Verb)
{
    /// <summary>Names, separated by slashes, from the root on.</summary>
    public string Path { get; init; } = string.Empty;

    /// <summary>The new name of what has two.</summary>
    public string NewPath { get; init; } = string.Empty;

    /// <summary>The place of an open file among those of the run.</summary>
    public int Slot { get; init; }

    /// <summary>The open file copied to.</summary>
    public int NewSlot { get; init; }

    /// <summary>Where in the file.</summary>
    public int Offset { get; init; }

    /// <summary>Where in the file copied to.</summary>
    public int NewOffset { get; init; }

    /// <summary>How many bytes.</summary>
    public int Length { get; init; }

    /// <summary>Mode, owner, seconds, attribute's number, or what the content is made from.</summary>
    public int Value { get; init; }

    /// <summary>Bytes that are never zero, so that a zero where there should be none is seen.</summary>
    public byte[] Content()
    {
        byte[] content = new byte[Length];
        uint state = ((uint)Value * 2654435761u) | 1;
        for (int i = 0; i < content.Length; i++)
        {
            state = (state * 1664525u) + 1013904223u;
            content[i] = (byte)(1 + ((state >> 16) % 255));
        }

        return content;
    }

    /// <summary>The name of the snapshot meant.</summary>
    public string SnapshotName => "s" + (Slot % 3).ToString(CultureInfo.InvariantCulture);

    /// <summary>The name of the extended attribute meant.</summary>
    public string XattrName => "user.x" + (Value % 3).ToString(CultureInfo.InvariantCulture);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Verb} path={Path} new={NewPath} slot={Slot} newslot={NewSlot} offset={Offset} newoffset={NewOffset} length={Length} value={Value}");
}
