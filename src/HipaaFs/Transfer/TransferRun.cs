using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Transfer;

/// <summary>Copies the files of one tree into another, several at a time; what former runs copied and nobody changed is left alone.</summary>
/// <remarks>
/// (1) List the source. (2) Copy what is new or changed: whole or not at all, hashed on the way, held against a manifest where there is one, then noted in the journal.
/// (3) Deal with what the source has no more; the journal cannot name that, so the target is listed. A file that cannot be copied is reported and the others go on; a run that was cut off is gone on with by the next.
/// </remarks>
internal sealed class TransferRun
{
    private readonly PlainTree _source;
    private readonly PlainTree _target;
    private readonly TransferJournal _journal;
    private readonly TransferOptions _options;
    private readonly TransferReport _report = new();
    private readonly Dictionary<string, byte[]> _kept = new(StringComparer.Ordinal);

    /// <summary>Prepares a run.</summary>
    public TransferRun(PlainTree source, PlainTree target, TransferJournal journal, TransferOptions options)
    {
        _source = source;
        _target = target;
        _journal = journal;
        _options = options;
    }

    /// <summary>Copies.</summary>
    /// <exception cref="TransferException">The source cannot be listed.</exception>
    public async Task<TransferReport> RunAsync(Action<ProgressUpdate> show, CancellationToken cancel)
    {
        List<PlainFile> files = await ListAsync(show, cancel);
        if (files.Count == 0 && _journal.Records.Count > 0)
        {
            throw new TransferException($"{_source.Name} holds no file, and {_journal.Records.Count} were copied from it before: is it mounted?");
        }

        long total = files.Sum(static file => file.Length);
        long done = 0;
        void Advance(long bytes) => show(new ProgressUpdate("copy", Interlocked.Add(ref done, bytes), total, "bytes"));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Jobs, CancellationToken = cancel };
        await Parallel.ForEachAsync(files, parallel, async (file, ends) => await CopyAsync(file, Advance, ends));
        await SettleAsync(files, cancel);
        _journal.Compact();
        return _report;
    }

    /// <summary>After the run: the files that are in the target now, by their paths in it, with their SHA-256.</summary>
    public IReadOnlyCollection<KeyValuePair<string, byte[]>> Files => _kept;

    /// <summary>Their bytes.</summary>
    public long FileBytes { get; private set; }

    private async Task<List<PlainFile>> ListAsync(Action<ProgressUpdate> show, CancellationToken cancel)
    {
        var files = new List<PlainFile>();
        await foreach (PlainFile file in _source.ListAsync(_report.AddFailure, cancel))
        {
            if (!file.Path.StartsWith(_options.SourcePrefix, StringComparison.Ordinal))
            {
                continue;
            }

            if (_options.Expected is { } expected && !expected.ContainsKey(file.Path))
            {
                _report.AddFailure(new TransferFailure(file.Path, "the manifest of the source does not name it"));
                continue;
            }

            if (TargetPathOf(file.Path) == _options.ReservedPath)
            {
                _report.AddFailure(new TransferFailure(file.Path, "the list of what is copied has this name in the target; name another place for it with --manifest"));
                continue;
            }

            files.Add(file);
            show(new ProgressUpdate("list", files.Count, 0, "files"));
        }

        ReportMissing(files);
        return files;
    }

    private void ReportMissing(List<PlainFile> files)
    {
        if (_options.Expected is null)
        {
            return;
        }

        var found = files.Select(static file => file.Path).ToHashSet(StringComparer.Ordinal);
        foreach (string missing in _options.Expected.Keys.Where(path => !found.Contains(path)))
        {
            _report.AddFailure(new TransferFailure(missing, "the manifest of the source names it, and it is not there"));
        }
    }

    private async ValueTask CopyAsync(PlainFile file, Action<long> advance, CancellationToken cancel)
    {
        try
        {
            ReadOnlyMemory<byte> expected = _options.Expected is { } all ? all[file.Path] : default;
            string path = TargetPathOf(file.Path);
            if (await IsUnchangedAsync(file, path, expected, cancel))
            {
                _report.AddUnchanged(file.Length);
                advance(file.Length);
                return;
            }

            PlainFile read = expected.IsEmpty ? file : file with { Md5 = null }; // The manifest says more, and an MD5 costs time.
            CopiedContent copied = await _target.CopyFromAsync(_source, read, path, new CopyCheck(expected, advance), cancel);
            _journal.Add(file, copied.Sha256);
            _report.AddCopied(file.Length, isVerified: copied.IsAsStored || !expected.IsEmpty);
        }
        catch (TransferException failure)
        {
            _report.AddFailure(new TransferFailure(file.Path, failure.Message));
        }
    }

    private async ValueTask<bool> IsUnchangedAsync(PlainFile file, string path, ReadOnlyMemory<byte> expected, CancellationToken cancel) =>
        _journal.Records.TryGetValue(_journal.HashOf(file.Path), out TransferRecord? record)
        && record.Length == file.Length
        && record.Version == file.Version
        && (expected.IsEmpty || record.Sha256 == Convert.ToHexStringLower(expected.Span))
        && await _target.HasAsync(path, file.Length, cancel);

    private async Task SettleAsync(List<PlainFile> files, CancellationToken cancel)
    {
        var unnamed = _journal.Records.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (string path in files.Select(static file => file.Path).Concat(_report.Failures.Select(static failure => failure.Path)))
        {
            Keep(path, unnamed); // What cannot be read now is not gone.
        }

        bool isAnyHidden = _report.Failures.Any(static failure => failure.HidesFiles); // What lies in a directory that cannot be listed is not gone either.
        if (unnamed.Count > 0 && (isAnyHidden || _options.RemovesVanished))
        {
            foreach (string path in await NameAsync(unnamed, cancel))
            {
                if (isAnyHidden || !await RemoveAsync(path, cancel))
                {
                    Keep(path, unnamed);
                }
            }
        }

        if (!_report.Failures.Any(static failure => failure.HidesFiles))
        {
            foreach (string hash in unnamed)
            {
                _journal.Remove(hash);
                _report.Vanished++;
            }
        }
    }

    // The paths in the source of what is in the target and was copied by this run or a former one.
    private async Task<List<string>> NameAsync(HashSet<string> unnamed, CancellationToken cancel)
    {
        var paths = new List<string>();
        await foreach (PlainFile file in _target.ListAsync(AddHiding, cancel))
        {
            if (file.Path.StartsWith(_options.TargetPrefix, StringComparison.Ordinal)
                && _options.SourcePrefix + file.Path[_options.TargetPrefix.Length..] is { } path
                && unnamed.Contains(_journal.HashOf(path)))
            {
                paths.Add(path);
            }
        }

        return paths;

        // A link in the target is nobody's business here; a directory that cannot be listed may hold what should go.
        void AddHiding(TransferFailure failure)
        {
            if (failure.HidesFiles)
            {
                _report.AddFailure(failure);
            }
        }
    }

    private void Keep(string path, HashSet<string> unnamed)
    {
        string hash = _journal.HashOf(path);
        if (unnamed.Remove(hash))
        {
            TransferRecord record = _journal.Records[hash];
            _kept[TargetPathOf(path)] = Convert.FromHexString(record.Sha256);
            FileBytes += record.Length;
        }
    }

    private async Task<bool> RemoveAsync(string path, CancellationToken cancel)
    {
        try
        {
            await _target.RemoveAsync(TargetPathOf(path), cancel);
            return true;
        }
        catch (TransferException failure)
        {
            _report.AddFailure(new TransferFailure(path, failure.Message));
            return false;
        }
    }

    private string TargetPathOf(string path) => _options.TargetPrefix + path[_options.SourcePrefix.Length..];
}
