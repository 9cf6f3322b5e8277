using System.IO.Enumeration;
using HipaaFs.Platform;

namespace HipaaFs.Storage.Local;

/// <summary>Walks a local store's tree in key order and collects one page.</summary>
/// <remarks>
/// A directory sorts as its name with the slash its keys have there ('-' and '.' come before '/'), so the walk yields keys in
/// order by sorting one directory at a time. Subtrees that cannot hold a wanted key are not read.
/// </remarks>
internal sealed class LocalListing
{
    private readonly string _root;
    private readonly string _prefix;
    private readonly ObjectKey? _after;
    private readonly int _limit;
    private readonly CancellationToken _cancel;
    private readonly List<ObjectProperties> _found = [];
    private bool _more;

    private LocalListing(string root, string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        _root = root;
        _prefix = prefix;
        _after = after;
        _limit = limit;
        _cancel = cancel;
    }

    /// <summary>Collects the first objects below the root that have the prefix and come after the key.</summary>
    public static ObjectPage Collect(string root, string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        var listing = new LocalListing(root, prefix, after, limit, cancel);
        listing.Walk(string.Empty);
        return new ObjectPage(listing._found, listing._more);
    }

    // Directory is a key's beginning: empty, or ending in a slash.
    private void Walk(string directory)
    {
        _cancel.ThrowIfCancellationRequested();
        foreach (string name in Sorted(directory))
        {
            string path = directory + name;
            if (name[^1] == '/')
            {
                if (MayHold(path))
                {
                    Walk(path);
                }
            }
            else if (IsWanted(path) && ObjectKey.TryParse(path, out ObjectKey key))
            {
                Take(key);
            }

            if (_more)
            {
                return;
            }
        }
    }

    private void Take(ObjectKey key)
    {
        if (FileStatus.Of(Path.Join(_root, key.Value)) is not { Kind: FileStatusKind.Regular } status)
        {
            return; // Deleted meanwhile, or nothing of ours.
        }

        if (_found.Count == _limit)
        {
            _more = true;
            return;
        }

        _found.Add(LocalTree.PropertiesOf(key, in status));
    }

    private bool IsWanted(string path) =>
        path.StartsWith(_prefix, StringComparison.Ordinal) && (_after is not { } after || string.CompareOrdinal(path, after.Value) > 0);

    // All keys below share the directory's path: unless that is a beginning of `after`, they all compare with it as the path does.
    private bool MayHold(string path)
    {
        bool prefixed = path.StartsWith(_prefix, StringComparison.Ordinal) || _prefix.StartsWith(path, StringComparison.Ordinal);
        return prefixed
            && (_after is not { } after
                || after.Value.StartsWith(path, StringComparison.Ordinal)
                || string.CompareOrdinal(path, after.Value) > 0);
    }

    private List<string> Sorted(string directory)
    {
        var names = new List<string>();
        var entries = new FileSystemEnumerable<string>(
            Path.Join(_root, directory),
            static (ref FileSystemEntry entry) => entry.IsDirectory ? entry.FileName.ToString() + "/" : entry.FileName.ToString(),
            new EnumerationOptions { AttributesToSkip = FileAttributes.None })
        {
            ShouldIncludePredicate = static (ref FileSystemEntry entry) => entry.FileName[0] != '.',
        };
        try
        {
            names.AddRange(entries);
        }
        catch (DirectoryNotFoundException) when (directory.Length > 0)
        {
            return []; // Removed meanwhile.
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
