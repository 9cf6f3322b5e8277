using System.Security.Cryptography;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Transfer;

/// <summary>Reads the files that a manifest names, several at a time, and compares them with it.</summary>
internal sealed class ManifestCheck
{
    private readonly PlainTree _tree;
    private readonly IReadOnlyDictionary<string, byte[]> _expected;
    private readonly string? _complete;
    private readonly int _jobs;
    private readonly TransferReport _report = new();

    /// <summary>Prepares a check.</summary>
    /// <param name="tree">Where the files are.</param>
    /// <param name="expected">The manifest.</param>
    /// <param name="complete">What the paths begin with below which there may be nothing that the manifest does not name; null when there may.</param>
    /// <param name="jobs">Files read at a time.</param>
    public ManifestCheck(PlainTree tree, IReadOnlyDictionary<string, byte[]> expected, string? complete, int jobs)
    {
        _tree = tree;
        _expected = expected;
        _complete = complete;
        _jobs = jobs;
    }

    /// <summary>Compares. What is as it should be counts as unchanged; failures are what is not.</summary>
    /// <exception cref="TransferException">The files cannot be listed.</exception>
    public async Task<TransferReport> RunAsync(Action<ProgressUpdate> show, CancellationToken cancel)
    {
        var files = new List<PlainFile>();
        await foreach (PlainFile file in _tree.ListAsync(static _ => { }, cancel))
        {
            if (_expected.ContainsKey(file.Path))
            {
                files.Add(file);
            }
            else if (_complete is not null && file.Path.StartsWith(_complete, StringComparison.Ordinal))
            {
                _report.AddFailure(new TransferFailure(file.Path, "the manifest does not name it"));
            }
        }

        var found = files.Select(static file => file.Path).ToHashSet(StringComparer.Ordinal);
        foreach (string missing in _expected.Keys.Where(path => !found.Contains(path)))
        {
            _report.AddFailure(new TransferFailure(missing, "it is missing, or is no regular file"));
        }

        long total = files.Sum(static file => file.Length);
        long done = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _jobs, CancellationToken = cancel };
        await Parallel.ForEachAsync(files, parallel, async (file, ends) =>
        {
            await CompareAsync(file, ends);
            show(new ProgressUpdate("verify", Interlocked.Add(ref done, file.Length), total, "bytes"));
        });
        return _report;
    }

    private async ValueTask CompareAsync(PlainFile file, CancellationToken cancel)
    {
        try
        {
            CopiedContent read = await ChunkReader.ReadAsync(_tree, file with { Md5 = null }, static (_, _) => ValueTask.CompletedTask, cancel);
            if (CryptographicOperations.FixedTimeEquals(read.Sha256, _expected[file.Path]))
            {
                _report.AddUnchanged(file.Length);
            }
            else
            {
                _report.AddFailure(new TransferFailure(file.Path, "its content is not what the manifest says"));
            }
        }
        catch (TransferException failure)
        {
            _report.AddFailure(new TransferFailure(file.Path, failure.Message));
        }
    }
}
