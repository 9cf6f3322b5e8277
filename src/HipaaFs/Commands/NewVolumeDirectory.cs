using System.Globalization;
using System.Text;
using HipaaFs.Cli.Configuration;
using HipaaFs.Crypto;
using HipaaFs.Platform;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary>The directory of a volume that is about to be made: whether it can be one, and the file that makes it one.</summary>
internal static class NewVolumeDirectory
{
    /// <summary>Checks that a volume can be made there.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="mayBeUnfinished">Whether a restore that was cut off may be there, which is done again.</param>
    /// <exception cref="CommandException">It cannot.</exception>
    public static void Check(string directory, bool mayBeUnfinished = false)
    {
        if (File.Exists(directory))
        {
            throw new CommandException(ExitCode.Usage, $"make volume {directory}: it is a file", "Give the name of a directory.");
        }

        if (IsFilled(directory) && !(mayBeUnfinished && File.Exists(VolumeOptions.RestoringPath(directory))))
        {
            bool isVolume = File.Exists(Path.Combine(directory, VolumeFile.Name));
            throw new CommandException(
                ExitCode.Usage,
                $"make volume {directory}: {(isVolume ? "there is a volume already" : "the directory is not empty")}",
                isVolume ? "Mount it, or give another directory." : "Give an empty or a new directory.");
        }

        FileSystemKind kind = FileSystemKind.Of(directory);
        if (kind.Class is FileSystemClass.Network or FileSystemClass.UserSpace)
        {
            throw new CommandException(
                ExitCode.Refused,
                $"make volume {directory}: it would lie on {kind.Name}, where the locks and syncs of its database cannot be relied on",
                "Put VOLUME on a disk of this machine; the store may lie there: --store file:///that/path.");
        }
    }

    /// <summary>Writes volume.yaml, durably. Written last, it is the mark of a volume that is complete.</summary>
    public static void WriteFile(string directory, Guid id, StoreUrl store, KeyReference reference, DateTimeOffset now, int trashDays = 0)
    {
        // A descriptor of this process means nothing to the next one.
        string key = reference.Kind == KeyReferenceKind.PassphraseDescriptor ? "passphrase:" : reference.ToString();
        string date = now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string text =
            $"""
            # A HipaaFs volume, made on {date}. docs/configuration.md explains every setting.
            # Here are only settings; the key is elsewhere.
            version: {VolumeConfiguration.FileVersion}
            id: {id}
            store: {VolumeFile.Quote(store.ToString())}
            key: {VolumeFile.Quote(key)}

            """;
        text += trashDays == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{VolumeSettings.Trash.Key}: {trashDays}\n");
        DurableFile.Replace(Path.Combine(directory, VolumeFile.Name), Encoding.UTF8.GetBytes(text));
    }

    private static bool IsFilled(string directory)
    {
        try
        {
            return Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any();
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CommandException(
                ExitCode.Failed, $"make volume {directory}: {error.Message}", "Give a directory that you own.", error);
        }
    }
}
