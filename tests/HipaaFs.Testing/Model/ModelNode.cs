using System.Collections.Immutable;

namespace HipaaFs.Testing.Model;

/// <summary>An inode of the model; never changed, only replaced.</summary>
public sealed record ModelNode(ModelKind Kind, uint Mode)
{
    public uint Owner { get; init; } = 1000;

    public uint Group { get; init; } = 1000;

    /// <summary>Names, or for a directory the link count that stat(2) shows.</summary>
    public int Links { get; init; } = 1;

    /// <summary>Whether it was opened without a name, and may get one.</summary>
    public bool IsTemporary { get; init; }

    public string Target { get; init; } = string.Empty;

    public ImmutableSortedDictionary<string, int> Entries { get; init; } = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, byte[]> Xattrs { get; init; } = ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal);

    /// <summary>
    /// The contents since the last operation that had to bring the file's data to the metadata, that one's first: a crash may leave any of them, and of
    /// those between any page.
    /// </summary>
    public ImmutableList<ModelContent> Versions { get; init; } = [ModelContent.Empty];

    public ModelContent Content => Versions[^1];

    /// <summary>The one of the versions with the fewest bytes.</summary>
    public ModelContent Shortest => Versions.MinBy(static version => version.Bytes.Length)!;

    /// <summary>The node after a change that waits in memory.</summary>
    public ModelNode With(ModelContent content) => this with { Versions = Versions.Add(content) };

    /// <summary>The node after a change that is applied at once, and with it all that waited.</summary>
    public ModelNode Applied(ModelContent content) => this with { Versions = [content] };

    /// <summary>The node after a change that is applied at once, and with it all that waited behind an offset; what is before that may wait on.</summary>
    public ModelNode AppliedFrom(ModelContent content, int offset)
    {
        if (Versions.Count == 1)
        {
            return Applied(content);
        }

        return content.Bytes.Length <= offset
            ? With(content)
            : this with { Versions = [.. Versions.Select(version => version.EndingAs(content, offset)), content] };
    }

    /// <summary>The node when nothing waits.</summary>
    public ModelNode Applied() => Versions.Count == 1 ? this : Applied(Content);

    /// <summary>Why a crash may not leave these bytes: the first of them that no version has; null when it may.</summary>
    public string? WhyNeverHeld(byte[] bytes)
    {
        if (!Versions.Any(version => MayEndAt(version.Bytes.Length, bytes.Length)))
        {
            return $"{bytes.Length} bytes, and never had as many";
        }

        if (Versions.Any(version => version.Bytes.AsSpan().SequenceEqual(bytes)))
        {
            return null;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = bytes[i];
            bool held = false;
            foreach (ModelContent version in Versions)
            {
                held |= i < version.Bytes.Length && version.Bytes[i] == value;
            }

            if (!held)
            {
                // The bytes tell which write they are of: ModelCommand.Content.
                return $"{bytes.Length} bytes, and at {i} what it never held there, {Convert.ToHexString(bytes.AsSpan(i, Math.Min(16, bytes.Length - i)))}";
            }
        }

        return null;
    }

    // What a growing end has in a page that it does not fill may wait longer than the pages before it.
    private static bool MayEndAt(int length, int left)
    {
        const int pageSize = 16384;
        return left == length || (left < length && left >= (length - 1) / pageSize * pageSize);
    }
}
