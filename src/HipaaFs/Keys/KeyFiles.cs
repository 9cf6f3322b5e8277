using HipaaFs.Crypto;
using HipaaFs.Platform;

namespace HipaaFs.Cli.Keys;

/// <summary>Makes key files where a volume does not reach: a key inside its volume would protect nothing.</summary>
internal static class KeyFiles
{
    /// <summary>Where the key of a new volume goes when nobody says: $XDG_CONFIG_HOME, else ~/.config, then hipaafs/keys/ID.key.</summary>
    public static string DefaultPath(Guid volume, Func<string, string?> environment)
    {
        string? configured = environment("XDG_CONFIG_HOME");
        string home = environment("HOME") is { Length: > 0 } named
            ? named
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string configuration = configured is not null && Path.IsPathFullyQualified(configured)
            ? configured
            : Path.Combine(home, ".config");
        return Path.Combine(configuration, "hipaafs", "keys", $"{volume}.key");
    }

    /// <summary>Makes a key file, 0600, and its missing directories, 0700. Durable on return; nothing is ever overwritten.</summary>
    /// <exception cref="CommandException">It cannot be made.</exception>
    public static FileKeyWrapper Create(string path)
    {
        try
        {
            DurableFile.EnsureDirectory(Path.GetDirectoryName(path)!);
        }
        catch (IOException error)
        {
            throw Failure(path, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Failure(path, error);
        }

        KeyWrapResult<FileKeyWrapper> created = FileKeyWrapper.Create(path);
        return created.Succeeded
            ? created.Value
            : throw KeyAccess.Failure(new KeyFailure(KeyReference.ForFile(path).ToString(), created.Error));
    }

    private static CommandException Failure(string path, Exception error) =>
        new(ExitCode.Key, $"make the key file {path}: {error.Message}", "Name a place where you may write.", error);
}
