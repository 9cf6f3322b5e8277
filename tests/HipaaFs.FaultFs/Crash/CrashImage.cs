using HipaaFs.FaultFs.Disk;
using HipaaFs.Platform;

namespace HipaaFs.FaultFs.Crash;

/// <summary>What a disk holds after a crash.</summary>
/// <param name="Names">What the names stand for.</param>
/// <param name="Contents">The files; one that was never written is not there.</param>
public sealed record CrashImage(
    IReadOnlyDictionary<(int Parent, string Name), int> Names,
    IReadOnlyDictionary<int, PagedContent> Contents)
{
    /// <summary>Writes the tree into an empty directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="nodeOf">Type and mode of a node.</param>
    public void WriteTo(string directory, Func<int, DiskNode> nodeOf)
    {
        ILookup<int, (string Name, int Node)> entries = Names.ToLookup(name => name.Key.Parent, name => (name.Key.Name, name.Value));
        WriteEntries(directory, 1, entries, nodeOf, new Dictionary<int, string>());
    }

    private void WriteEntries(
        string directory, int parent, ILookup<int, (string Name, int Node)> entries, Func<int, DiskNode> nodeOf, Dictionary<int, string> written)
    {
        foreach ((string name, int id) in entries[parent])
        {
            string path = Path.Combine(directory, name);
            DiskNode node = nodeOf(id);
            var mode = (UnixFileMode)(node.Mode & 0xFFF);
            if (node.IsDirectory)
            {
                Directory.CreateDirectory(path, mode);
                WriteEntries(path, id, entries, nodeOf, written);
            }
            else if (written.TryGetValue(id, out string? first))
            {
                Link(first, path);
            }
            else
            {
                written[id] = path;
                WriteFile(path, mode, Contents.TryGetValue(id, out PagedContent? content) ? content : new PagedContent());
            }
        }
    }

    private static void Link(string existing, string created)
    {
        if (!DurableFile.TryLink(existing, created, out _))
        {
            throw new IOException("a link could not be made");
        }
    }

    private static void WriteFile(string path, UnixFileMode mode, PagedContent content)
    {
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        foreach ((long offset, ReadOnlyMemory<byte> data) in content.Pages)
        {
            file.Position = offset;
            file.Write(data.Span);
        }

        file.SetLength(content.Length);
    }
}
