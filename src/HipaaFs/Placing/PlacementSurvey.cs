using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;

namespace HipaaFs.Cli.Placing;

/// <summary>Counts what lies below the directories of a policy, and which placements it has now.</summary>
internal sealed class PlacementSurvey
{
    private const int Page = 256;
    private const ulong LastDotCookie = 2;

    private readonly HipaaFileSystem _fileSystem;
    private readonly Action<long> _progress;
    private readonly Dictionary<SurveyKey, SurveyCount> _counts = [];
    private readonly HashSet<InodeId> _linked = []; // Files with several names count once.
    private long _entries;

    /// <param name="fileSystem">The volume's.</param>
    /// <param name="progress">Told now and then how many entries were counted.</param>
    public PlacementSurvey(HipaaFileSystem fileSystem, Action<long> progress)
    {
        _fileSystem = fileSystem;
        _progress = progress;
    }

    /// <summary>Finds the directories of a policy.</summary>
    /// <returns>Each with its inode and placement as far as it is there.</returns>
    /// <exception cref="CommandException">Something that is no directory is at such a path.</exception>
    public async Task<IReadOnlyList<RuleDirectory>> FindAsync(IReadOnlyList<RuleDirectory> directories, CancellationToken cancel)
    {
        var found = new List<RuleDirectory>();
        var problems = new List<string>();
        foreach (RuleDirectory directory in directories)
        {
            FsResult<InodeAttributes> inode = await ResolveAsync(directory.Path, cancel);
            bool isThere = inode.IsOk && inode.Value.IsDirectory && inode.Value.Id.View == 0;
            found.Add(isThere ? directory with { Inode = inode.Value.Id, Current = inode.Value.Placement } : directory);
            if (!isThere && inode.Error != FsError.NotFound)
            {
                problems.Add(inode.IsOk || inode.Error == FsError.NotADirectory ? $"{directory.Path} is no directory" : $"{directory.Path}: {inode.Error}");
            }
        }

        return problems.Count == 0
            ? found
            : throw new CommandException(ExitCode.Refused, "find the directories of the policy: something else is there", "Correct the policy, or move what is there.")
            {
                Problems = problems,
            };
    }

    /// <summary>Counts. What is made, moved or removed meanwhile is counted or not.</summary>
    /// <exception cref="CommandException">Something cannot be read.</exception>
    public async Task<IReadOnlyDictionary<SurveyKey, SurveyCount>> CountAsync(IReadOnlyList<RuleDirectory> directories, CancellationToken cancel)
    {
        HashSet<InodeId> roots = [.. directories.Select(static directory => directory.Inode).OfType<InodeId>()];
        for (int rule = 0; rule < directories.Count; rule++)
        {
            if (directories[rule].Inode is not { } root)
            {
                continue;
            }

            FilePattern[] patterns = [.. directories[rule].Patterns.Select(static policy => policy.Pattern!)];
            Add(new SurveyKey(rule, -1, directories[rule].Current), new SurveyCount(1, 0, 0));
            var left = new Stack<InodeId>([root]);
            while (left.TryPop(out InodeId at))
            {
                await ListAsync(at, rule, patterns, roots, left, cancel);
            }
        }

        return _counts;
    }

    private async Task<FsResult<InodeAttributes>> ResolveAsync(string path, CancellationToken cancel)
    {
        FsResult<InodeAttributes> at = await _fileSystem.GetAttributesAsync(InodeId.Root, cancel);
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!at.IsOk || !at.Value.IsDirectory)
            {
                return at.IsOk ? FsError.NotADirectory : at.Error;
            }

            at = await _fileSystem.LookupAsync(at.Value.Id, System.Text.Encoding.UTF8.GetBytes(name), cancel);
        }

        return at;
    }

    private async Task ListAsync(InodeId directory, int rule, FilePattern[] patterns, HashSet<InodeId> roots, Stack<InodeId> left, CancellationToken cancel)
    {
        FsResult<HandleId> handle = await _fileSystem.OpenDirectoryAsync(directory, cancel);
        if (!handle.IsOk)
        {
            ThrowUnlessGone(handle.Error);
            return;
        }

        try
        {
            var page = new DirectoryItem[Page];
            ulong cookie = LastDotCookie;
            while (true)
            {
                FsResult<int> read = await _fileSystem.ReadDirectoryAsync(handle.Value, cookie, page, cancel);
                if (!read.IsOk)
                {
                    ThrowUnlessGone(read.Error);
                    return;
                }

                if (read.Value == 0)
                {
                    return;
                }

                cookie = page[read.Value - 1].NextCookie;
                foreach (DirectoryItem item in page.AsSpan(0, read.Value))
                {
                    Count(item, rule, patterns, roots, left);
                }

                _entries += read.Value;
                _progress(_entries);
                cancel.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            _fileSystem.ReleaseDirectory(handle.Value);
        }
    }

    private void Count(DirectoryItem item, int rule, FilePattern[] patterns, HashSet<InodeId> roots, Stack<InodeId> left)
    {
        InodeAttributes inode = item.Attributes;
        if (inode.Id.View != 0 || roots.Contains(inode.Id))
        {
            return;
        }

        if (inode.IsDirectory)
        {
            Add(new SurveyKey(rule, -1, inode.Placement), new SurveyCount(1, 0, 0));
            left.Push(inode.Id);
        }
        else if (inode.IsFile && (inode.LinkCount == 1 || _linked.Add(inode.Id)))
        {
            ReadOnlySpan<byte> name = item.Name.Span;
            int match = -1;
            for (int i = 0; i < patterns.Length && match < 0; i++)
            {
                match = patterns[i].Matches(name) ? i : -1;
            }

            Add(new SurveyKey(rule, match, inode.Placement), new SurveyCount(0, 1, inode.AllocatedBytes));
        }
    }

    private void Add(SurveyKey key, SurveyCount count) => _counts[key] = _counts.GetValueOrDefault(key) + count;

    private static void ThrowUnlessGone(FsError error)
    {
        if (error != FsError.NotFound)
        {
            throw new CommandException(ExitCode.Failed, $"count what is below the directories of the policy: {error}", "The log and 'hipaafs fsck' say more.");
        }
    }
}
