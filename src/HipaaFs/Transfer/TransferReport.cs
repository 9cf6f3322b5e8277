namespace HipaaFs.Cli.Transfer;

/// <summary>What a copy of a tree came to.</summary>
internal sealed class TransferReport
{
    private readonly Lock _lock = new();
    private readonly List<TransferFailure> _failures = [];
    private int _copied;
    private int _unchanged;
    private long _copiedBytes;
    private int _verified;
    private long _unchangedBytes;

    /// <summary>Files copied.</summary>
    public int Copied => _copied;

    /// <summary>Their bytes.</summary>
    public long CopiedBytes => _copiedBytes;

    /// <summary>Files copied whose content was held against a checksum of the source: of a manifest, or the one by which a store knows it.</summary>
    public int Verified => _verified;

    /// <summary>Files that a former run had copied and that are the same still.</summary>
    public int Unchanged => _unchanged;

    /// <summary>Their bytes.</summary>
    public long UnchangedBytes => _unchangedBytes;

    /// <summary>Files that a former run had copied and that the source has no more.</summary>
    public int Vanished { get; set; }

    /// <summary>What was not copied.</summary>
    public IReadOnlyList<TransferFailure> Failures => _failures;

    /// <summary>Counts a copy.</summary>
    public void AddCopied(long bytes, bool isVerified)
    {
        if (isVerified)
        {
            Interlocked.Increment(ref _verified);
        }

        Interlocked.Increment(ref _copied);
        Interlocked.Add(ref _copiedBytes, bytes);
    }

    /// <summary>Counts a file left as it is.</summary>
    public void AddUnchanged(long bytes)
    {
        Interlocked.Increment(ref _unchanged);
        Interlocked.Add(ref _unchangedBytes, bytes);
    }

    /// <summary>Notes what was not copied.</summary>
    public void AddFailure(TransferFailure failure)
    {
        lock (_lock)
        {
            _failures.Add(failure);
        }
    }
}
