using HipaaFs.Metadata.Sqlite;
using HipaaFs.Platform;
using HipaaFs.Recovery;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Volumes;

/// <summary>A volume's directory: who may use it, and the database in it.</summary>
internal static class VolumeDirectory
{
    /// <summary>The file that is given up when the disk is full, so that what was accepted can still be committed.</summary>
    internal static string BallastPath(string volume) => Path.Combine(volume, "ballast");

    /// <summary>Refuses a directory on a network file system, whose locks and syncs cannot be relied on.</summary>
    /// <exception cref="VolumeException">It is on one.</exception>
    internal static void RefuseNetwork(string directory)
    {
        FileSystemKind kind = FileSystemKind.Of(directory);
        if (kind.IsNetwork)
        {
            throw new VolumeException(
                VolumeFailure.Refused,
                $"use volume directory '{directory}': it is on {kind.Name}, a network file system",
                "put the volume's directory on a local disk; the store may be anywhere");
        }
    }

    /// <summary>Takes a volume's lock.</summary>
    /// <exception cref="VolumeException">Another process has it, or its restore has not ended.</exception>
    internal static FileLock Lock(string directory, SessionHolder holder)
    {
        FileLock taken = LockUnfinished(directory, holder);
        if (!RestoreDirectory.IsUnfinished(directory))
        {
            return taken;
        }

        taken.Dispose();
        throw new VolumeException(
            VolumeFailure.Refused,
            $"open volume '{directory}': its restore was cut off, so that only a part of it is there",
            "run 'hipaafs restore' again with the same VOLUME");
    }

    /// <summary>Takes the lock of a directory that need not be a whole volume.</summary>
    /// <exception cref="VolumeException">Another process has it.</exception>
    internal static FileLock LockUnfinished(string directory, SessionHolder holder)
    {
        string path = VolumeOptions.LockPath(directory);
        FileLock? taken = FileLock.TryAcquire(path);
        if (taken is not null)
        {
            taken.Describe(holder.ToJson());
            return taken;
        }

        SessionHolder? other = SessionHolder.TryParse(FileLock.ReadHolder(path));
        string who = other is null ? "another process" : $"process {other.ProcessId} on host {other.Host}, session {other.Session}, since {other.Since:u}";
        throw new VolumeException(
            VolumeFailure.HeldByAnother,
            $"open volume '{directory}': it is held by {who}",
            "use that mount, or unmount it first with 'hipaafs umount'");
    }

    /// <summary>Opens the metadata database.</summary>
    /// <exception cref="VolumeException">It cannot be opened.</exception>
    internal static SqliteMetadataStore OpenMetadata(SqliteMetadataOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        SqliteOpenResult opened = SqliteMetadataStore.Open(options, time, loggers.CreateLogger("HipaaFs.Metadata"));
        if (opened.Store is not null)
        {
            return opened.Store;
        }

        (VolumeFailure failure, string action) = opened.Error switch
        {
            SqliteOpenError.NewerSchema => (VolumeFailure.UnsupportedFormat, "install the newer version of hipaafs that wrote it"),
            SqliteOpenError.Missing => (
                VolumeFailure.Integrity,
                "bring the file back, with metadata.db-wal if there was one; if it is lost, 'hipaafs restore' makes the last published state again in another directory. Keep this one: its staging may hold what is in no store"),
            SqliteOpenError.Damaged => (VolumeFailure.Integrity, "rebuild the volume from its store with 'hipaafs restore'"),
            SqliteOpenError.DiskFull => (VolumeFailure.NoSpace, "make room on the disk of the volume"),
            SqliteOpenError.Locked => (VolumeFailure.HeldByAnother, "end the program that has the database open"),
            _ => (VolumeFailure.Io, "check the permissions of the volume's directory, and its disk"),
        };
        string reason = opened.Error == SqliteOpenError.DiskFull ? "no space is left on its disk" : opened.Detail;
        throw new VolumeException(failure, $"open the metadata of volume '{options.Directory}': {reason}", action);
    }
}
