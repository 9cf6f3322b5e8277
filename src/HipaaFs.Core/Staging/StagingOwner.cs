using System.Text;
using HipaaFs.Platform;
using HipaaFs.Volumes;

namespace HipaaFs.Staging;

/// <summary>Whose a staging directory is, and the lock on it: what lies there exists nowhere else, and only its own volume may clear up.</summary>
/// <remarks>
/// The file <c>owner</c> in the directory holds the volume's id and that of its copy on this machine (the file <c>copy</c> in VOLUME, made when first needed): after a
/// restore two directories are the same volume, and each has data of its own in staging.
/// </remarks>
internal sealed class StagingOwner : IDisposable
{
    private const string OwnerFile = "owner";
    private const string CopyFile = "copy";

    private readonly FileLock _lock;

    private StagingOwner(FileLock held) => _lock = held;

    /// <summary>Takes the staging directory of a volume, which becomes its own if it is nobody's.</summary>
    /// <exception cref="VolumeException">It is another's, or another process works on it.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static StagingOwner Acquire(string staging, string volumeDirectory, Guid volume)
    {
        DurableFile.EnsureDirectory(staging);
        string path = Path.Combine(staging, OwnerFile);
        FileLock? held = FileLock.TryAcquire(path) ?? throw new VolumeException(
            VolumeFailure.HeldByAnother,
            $"open volume '{volumeDirectory}': another process works on its staging directory {staging}",
            "unmount the volume that uses it, or give each volume a directory of its own (staging.directory)");
        try
        {
            byte[] mine = Encoding.ASCII.GetBytes($"{volume:N} {CopyOf(volumeDirectory):N}\n");
            byte[] owner = FileLock.ReadHolder(path);
            if (owner.Length == 0)
            {
                held.Describe(mine);
                held.Sync();
                DurableFile.SyncDirectory(staging);
            }
            else if (!owner.AsSpan().SequenceEqual(mine))
            {
                throw new VolumeException(
                    VolumeFailure.Refused,
                    $"open volume '{volumeDirectory}': the staging directory {staging} belongs to another volume, or to another copy of this one; what is in it may exist nowhere else",
                    "give each volume a directory of its own (staging.directory)");
            }

            var taken = new StagingOwner(held);
            held = null;
            return taken;
        }
        finally
        {
            held?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static Guid CopyOf(string volumeDirectory)
    {
        string path = Path.Combine(volumeDirectory, CopyFile);
        if (File.Exists(path))
        {
            return Guid.TryParse(File.ReadAllText(path), out Guid known)
                ? known
                : throw new VolumeException(
                    VolumeFailure.Integrity, $"open volume '{volumeDirectory}': the file {path} is damaged", $"write the second word of the file {OwnerFile} in its staging directory into it");
        }

        var made = Guid.NewGuid();
        DurableFile.Replace(path, Encoding.ASCII.GetBytes($"{made:N}\n"));
        return made;
    }
}
