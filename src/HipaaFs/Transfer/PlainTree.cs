namespace HipaaFs.Cli.Transfer;

/// <summary>Files in the open: a directory, mounted or not, or a bucket. What import reads and export writes.</summary>
/// <remarks>Failures of one file are <see cref="TransferException"/>; the tree goes on serving others.</remarks>
internal abstract class PlainTree : IAsyncDisposable
{
    /// <summary>How people call it.</summary>
    public abstract string Name { get; }

    /// <summary>Lists the regular files, in no order. What is none, or has a name that is no path, is reported to <paramref name="skipped"/>.</summary>
    public abstract IAsyncEnumerable<PlainFile> ListAsync(Action<TransferFailure> skipped, CancellationToken cancel);

    /// <summary>Reads a range of the state that was listed; fewer bytes only where the file ends.</summary>
    public abstract ValueTask<int> ReadAsync(PlainFile file, long offset, Memory<byte> destination, CancellationToken cancel);

    /// <summary>Whether the MD5 that the listing said of a file is that of its content for sure.</summary>
    public abstract ValueTask<bool> VouchesForAsync(PlainFile file, CancellationToken cancel);

    /// <summary>The whole of a small file; null when there is none.</summary>
    public abstract ValueTask<byte[]?> TryReadAllAsync(string path, CancellationToken cancel);

    /// <summary>Whether a file of this length is there.</summary>
    public abstract ValueTask<bool> HasAsync(string path, long length, CancellationToken cancel);

    /// <summary>Writes a file from another tree, whole or not at all, durably.</summary>
    /// <returns>What was written.</returns>
    public abstract Task<CopiedContent> CopyFromAsync(PlainTree source, PlainFile file, string path, CopyCheck check, CancellationToken cancel);

    /// <summary>Writes a small file, whole or not at all, durably.</summary>
    public abstract Task WriteAllAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Removes a file; one that is not there is none.</summary>
    public abstract Task RemoveAsync(string path, CancellationToken cancel);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Whether a text from outside is a path that stays below a root.</summary>
    public static bool IsPath(string text)
    {
        foreach (string segment in text.Split('/'))
        {
            if (segment is "" or "." or ".." || segment.Contains('\0', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
