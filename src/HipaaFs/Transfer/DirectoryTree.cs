using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cli.Transfer;

/// <summary>The files below a directory. Symbolic links are neither followed nor copied.</summary>
internal sealed class DirectoryTree : PlainTree
{
    private const string TemporaryPrefix = ".hipaafs-transfer-";

    // The copy belongs to who makes it: a program that runs as its owner must not become one that runs as root.
    private const UnixFileMode Permissions = (UnixFileMode)0x1FF;

    private readonly string _root;

    /// <summary>Takes a directory that exists.</summary>
    public DirectoryTree(string root) => _root = root;

    /// <inheritdoc/>
    public override string Name => _root;

    /// <summary>Where a file of this tree lies.</summary>
    public string FullPathOf(string path) => path.Length == 0 ? _root : Path.Combine(_root, path);

    /// <inheritdoc/>
    public override async IAsyncEnumerable<PlainFile> ListAsync(Action<TransferFailure> skipped, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        var directories = new Stack<string>();
        directories.Push("");
        while (directories.TryPop(out string? directory))
        {
            cancel.ThrowIfCancellationRequested();
            foreach (PlainFile file in ListOne(directory, directories, skipped))
            {
                yield return file;
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(PlainFile file, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        try
        {
            // A directory waits for its disk, or for the store behind a mount; the caller has other chunks to read.
            return await Task.Run(() => Read(file, offset, destination.Span), cancel);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TransferException(exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<bool> VouchesForAsync(PlainFile file, CancellationToken cancel) => ValueTask.FromResult(false); // It says none.

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> TryReadAllAsync(string path, CancellationToken cancel)
    {
        string full = FullPathOf(path);
        try
        {
            return File.Exists(full) ? await File.ReadAllBytesAsync(full, cancel) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TransferException(exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<bool> HasAsync(string path, long length, CancellationToken cancel) =>
        ValueTask.FromResult(FileStatus.Of(FullPathOf(path)) is { Kind: FileStatusKind.Regular } status && status.Length == length);

    /// <inheritdoc/>
    public override async Task<CopiedContent> CopyFromAsync(PlainTree source, PlainFile file, string path, CopyCheck check, CancellationToken cancel)
    {
        string target = FullPathOf(path);
        string directory = Path.GetDirectoryName(target)!;
        string temporary = TemporaryOf(target);
        try
        {
            MakeDirectory(directory);
            Remove(temporary); // Of a run that was cut off.
            CopiedContent copied;
            using (SafeFileHandle handle = Create(temporary, file))
            {
                copied = await ChunkReader.ReadAsync(
                    source,
                    file,
                    async (chunk, offset) =>
                    {
                        await RandomAccess.WriteAsync(handle, chunk, offset, cancel);
                        check.Copied(chunk.Length);
                    },
                    cancel);
                check.Verify(copied.Sha256);
                File.SetLastWriteTimeUtc(handle, file.Modified.UtcDateTime);
                if (file.Mode is { } mode && !OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(handle, mode & Permissions);
                }

                DurableFile.SyncData(handle);
            }

            File.Move(temporary, target, overwrite: true);
            DurableFile.SyncDirectory(directory);
            return copied;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TransferException(exception.Message.Replace(temporary, "the copy", StringComparison.Ordinal), exception);
        }
        finally
        {
            Remove(temporary); // Unless it has its name.
        }
    }

    /// <inheritdoc/>
    public override Task WriteAllAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        string full = FullPathOf(path);
        MakeDirectory(Path.GetDirectoryName(full)!);
        DurableFile.Replace(full, content.Span);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task RemoveAsync(string path, CancellationToken cancel)
    {
        Remove(FullPathOf(path));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // A file that others may not read is never one that they may, not even while it is copied.
    private static SafeFileHandle Create(string temporary, PlainFile file) => file.Mode is null
        ? File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, file.Length)
        : DurableFile.CreatePrivate(temporary, FileAccess.Write);

    // As mkdir -p does, and each name durable.
    private static void MakeDirectory(string path)
    {
        if (Directory.Exists(path) || Path.GetDirectoryName(path) is not { } parent)
        {
            return;
        }

        MakeDirectory(parent);
        Directory.CreateDirectory(path);
        DurableFile.SyncDirectory(parent);
    }

    // Always the same for a file, so that the next run clears away what a crash left.
    private static string TemporaryOf(string target)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(target));
        return Path.Combine(Path.GetDirectoryName(target)!, TemporaryPrefix + Convert.ToHexStringLower(hash)[..16]);
    }

    private static void Remove(string path)
    {
        if (FileStatus.Of(path) is { Kind: FileStatusKind.Regular })
        {
            File.Delete(path);
        }
    }

    private IEnumerable<PlainFile> ListOne(string directory, Stack<string> directories, Action<TransferFailure> skipped)
    {
        IEnumerable<FileSystemInfo> entries;
        try
        {
            entries = new DirectoryInfo(FullPathOf(directory)).EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }).ToList();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            skipped(new TransferFailure(directory.Length == 0 ? "." : directory, exception.Message) { HidesFiles = true });
            yield break;
        }

        foreach (FileSystemInfo entry in entries)
        {
            string path = directory.Length == 0 ? entry.Name : directory + "/" + entry.Name;
            if (entry.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal))
            {
                continue; // A copy that was cut off.
            }

            switch (FileStatus.Of(entry.FullName))
            {
                case null when entry.Name.Contains('\uFFFD', StringComparison.Ordinal):
                    skipped(new TransferFailure(path, "its name is not UTF-8"));
                    break;
                case null:
                    break; // Removed since.
                case { Kind: FileStatusKind.Directory }:
                    directories.Push(path);
                    break;
                case { Kind: FileStatusKind.Regular } status:
                    yield return new PlainFile(path, status.Length, VersionOf(in status), DateTimeOffset.UnixEpoch.AddTicks(status.ModifiedNanoseconds / 100))
                    {
                        Mode = OperatingSystem.IsWindows() ? null : entry.UnixFileMode,
                    };
                    break;
                default:
                    skipped(new TransferFailure(path, entry.LinkTarget is null ? "it is a device, a pipe or a socket" : "it is a symbolic link"));
                    break;
            }
        }
    }

    private int Read(PlainFile file, long offset, Span<byte> destination)
    {
        using SafeFileHandle handle = DurableFile.OpenRead(FullPathOf(file.Path));
        int done = 0;
        while (done < destination.Length)
        {
            int read = RandomAccess.Read(handle, destination[done..], offset + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        FileStatus status = FileStatus.Of(handle);
        return VersionOf(in status) == file.Version ? done : throw new TransferException("it was written to while it was copied");
    }

    private static string VersionOf(in FileStatus status) =>
        string.Create(CultureInfo.InvariantCulture, $"{status.ModifiedNanoseconds}-{status.Length}");
}
