using System.Buffers;
using System.Text;
using HipaaFs.Cli.Mounting;
using HipaaFs.Metadata;
using HipaaFs.Platform;

namespace HipaaFs.Cli.Commands;

/// <summary>Finds the files that somebody names for a recall, below one mount.</summary>
internal sealed class RecallSelection
{
    private const int HashLength = 64; // Of a SHA-256 in hexadecimal.

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly string _mountPoint;
    private readonly HashSet<InodeId> _files = [];
    private readonly List<string> _named = [];

    /// <param name="mountPoint">Where the volume is mounted, links followed.</param>
    public RecallSelection(string mountPoint) => _mountPoint = mountPoint;

    /// <summary>The files, each once.</summary>
    public IReadOnlyCollection<InodeId> Files => _files;

    /// <summary>Adds a file, or everything in a directory; links are not followed.</summary>
    /// <param name="path">Absolute, or relative to <paramref name="directory"/>.</param>
    /// <param name="directory">What relative paths begin at.</param>
    /// <exception cref="CommandException">It is not there, or not in the mount.</exception>
    public void Add(string path, string directory)
    {
        string resolved = PathRelation.Resolve(Path.GetFullPath(path, directory));
        if (!PathRelation.IsSameOrBelow(resolved, _mountPoint))
        {
            throw new CommandException(ExitCode.Usage, $"recall {resolved}: it is not in {_mountPoint}", "Name files of one mount at a time.");
        }

        if (FileStatus.Of(resolved) is not { } status)
        {
            throw new CommandException(ExitCode.NotFound, $"recall {resolved}: it is not there", "Look for it with ls; names that begin with '-' are written as ./-NAME.");
        }

        _named.Add(resolved);
        _files.UnionWith(Find(resolved, status).Select(static file => file.Inode));
    }

    /// <summary>Paths of some of the files, one for each that is still there; everything that was named is looked through for them.</summary>
    public IReadOnlyList<string> PathsOf(IEnumerable<InodeId> files)
    {
        var left = files.ToHashSet();
        return [.. _named.SelectMany(path => FileStatus.Of(path) is { } status ? Find(path, status) : []).Where(file => left.Remove(file.Inode)).Select(static file => file.Path)];
    }

    /// <summary>Adds what a list names: a path a line; lines of sha256sum(1) too.</summary>
    /// <param name="file">The list.</param>
    /// <param name="directory">What relative paths begin at.</param>
    /// <exception cref="CommandException">A path is not there, or not in the mount.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void AddList(string file, string directory)
    {
        foreach (string line in File.ReadLines(file, Encoding.UTF8).Where(static line => line.Length > 0))
        {
            bool hasHash = line.Length > HashLength + 2 && line.AsSpan(0, HashLength).IndexOfAnyExcept(HexDigits) < 0 && line[HashLength] is ' ' or '\t';
            Add(hasHash ? line[(HashLength + 1)..].TrimStart(' ', '\t', '*') : line, directory);
        }
    }

    private IEnumerable<(InodeId Inode, string Path)> Find(string path, FileStatus status)
    {
        if (status.Kind == FileStatusKind.Regular)
        {
            yield return (new InodeId(status.Inode), path);
            yield break;
        }

        var left = new Stack<string>();
        if (status.Kind == FileStatusKind.Directory)
        {
            left.Push(path);
        }

        var below = new EnumerationOptions { AttributesToSkip = 0, ReturnSpecialDirectories = false };
        while (left.TryPop(out string? directory))
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries(directory, "*", below))
            {
                if (FileStatus.Of(entry) is not { } found || IsSnapshots(entry))
                {
                    continue; // Removed meanwhile.
                }

                if (found.Kind == FileStatusKind.Directory)
                {
                    left.Push(entry);
                }
                else if (found.Kind == FileStatusKind.Regular)
                {
                    yield return (new InodeId(found.Inode), entry);
                }
            }
        }
    }

    private bool IsSnapshots(string path) => path == Path.Combine(_mountPoint, ".snapshots");
}
