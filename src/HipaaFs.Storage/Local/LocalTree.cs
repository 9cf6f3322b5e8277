using System.Collections.Concurrent;
using HipaaFs.Platform;

namespace HipaaFs.Storage.Local;

/// <summary>The directory tree of a local store: which path a key has, and that its directory is there and durable.</summary>
internal sealed class LocalTree
{
    private readonly FileStatus _root;

    // Directories whose names, up to the root, this process has synced: another process may have made them and not synced them yet.
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    /// <summary>Takes a directory that exists as the root.</summary>
    public LocalTree(string root, FileStatus status)
    {
        Root = root;
        _root = status;
    }

    /// <summary>The root's absolute path.</summary>
    public string Root { get; }

    /// <summary>
    /// Whether the root is still the directory that was opened. A file system that was unmounted leaves an empty directory in its
    /// place, on another device and with another number; one that was mounted again may have another device, but the number stays.
    /// A root that cannot be asked is not there.
    /// </summary>
    public bool IsPresent
    {
        get
        {
            try
            {
                return FileStatus.Of(Root) is { Kind: FileStatusKind.Directory } now
                    && (now.Device == _root.Device || now.Inode == _root.Inode);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>The file of an object.</summary>
    public string PathOf(ObjectKey key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key.Value, nameof(key));
        return Path.Join(Root, key.Value);
    }

    /// <summary>The properties of an object.</summary>
    public static ObjectProperties PropertiesOf(ObjectKey key, in FileStatus status) => new(
        key,
        status.Length,
        FileVersion.Of(in status).ToTag(),
        DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(status.ModifiedNanoseconds / TimeSpan.NanosecondsPerTick));

    /// <summary>Creates an object's directory and its parents below the root, durably. Cheap when this process has done so before.</summary>
    /// <exception cref="IOException">It cannot be created, or the root is gone.</exception>
    public void EnsureDirectory(string directory)
    {
        if (_durable.ContainsKey(directory))
        {
            return;
        }

        string current = Root;
        foreach (string name in Path.GetRelativePath(Root, directory).Split(Path.DirectorySeparatorChar))
        {
            if (name == ".")
            {
                break;
            }

            string child = Path.Join(current, name);
            DurableFile.TryCreatePrivateDirectory(child);
            DurableFile.SyncDirectory(current);
            current = child;
        }

        _durable[directory] = true;
    }

    /// <summary>Forgets that a directory is there, after something showed that it is not.</summary>
    public void ForgetDirectory(string directory) => _durable.TryRemove(directory, out _);
}
