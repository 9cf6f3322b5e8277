namespace HipaaFs.Cli.Mounting;

/// <summary>How absolute paths lie to each other, after symbolic links.</summary>
internal static class PathRelation
{
    /// <summary>Whether a path is another one or lies below it.</summary>
    public static bool IsSameOrBelow(string path, string directory)
    {
        string prefix = directory.EndsWith('/') ? directory : directory + "/";
        return path == directory || path.StartsWith(prefix, StringComparison.Ordinal);
    }

    /// <summary>The path with every symbolic link of its existing part followed; the rest is kept as it is.</summary>
    public static string Resolve(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string resolved = "/";
        int followed = 0;
        var parts = new Stack<string>(full.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (parts.TryPop(out string? part))
        {
            string next = Path.GetFullPath(part, resolved);
            string? target = followed < 40 ? new FileInfo(next).LinkTarget : null;
            if (target is null)
            {
                resolved = next;
                continue;
            }

            followed++;
            resolved = target.StartsWith('/') ? "/" : resolved;
            foreach (string step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                parts.Push(step);
            }
        }

        return resolved;
    }
}
