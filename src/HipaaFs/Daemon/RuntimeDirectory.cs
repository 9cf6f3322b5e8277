using System.Globalization;
using System.Text;
using HipaaFs.Cli.Interop;
using HipaaFs.Cli.Mounting;
using HipaaFs.Platform;

namespace HipaaFs.Cli.Daemon;

/// <summary>Where the daemons of one user keep what lives only as long as they run: control sockets and process ids.</summary>
/// <remarks>root: /run/hipaafs. Others: $XDG_RUNTIME_DIR/hipaafs, else, or where that is too long for a socket, /tmp/hipaafs-UID, which must be theirs alone.</remarks>
internal sealed class RuntimeDirectory
{
    // sockaddr_un holds 107 bytes (unix(7)); "/hipaafs/", a volume's id and the socket's name, also while it is made, take 76 of them.
    private const int LongestRuntimeDirectory = 31;

    private readonly string _path;

    private RuntimeDirectory(string path) => _path = path;

    /// <summary>The directory of the user who runs this process; nothing is created yet.</summary>
    public static RuntimeDirectory OfUser(Func<string, string?> environment)
    {
        uint user = LibC.geteuid();
        if (user == 0)
        {
            return new RuntimeDirectory("/run/hipaafs");
        }

        string? runtime = environment("XDG_RUNTIME_DIR");
        bool usable = runtime is not null
            && Path.IsPathFullyQualified(runtime)
            && Encoding.UTF8.GetByteCount(runtime) <= LongestRuntimeDirectory
            && Directory.Exists(runtime);
        return new RuntimeDirectory(usable ? Path.Combine(runtime!, "hipaafs") : $"/tmp/hipaafs-{user}");
    }

    /// <summary>The control socket of a volume's daemon.</summary>
    public string SocketOf(VolumeCopy volume) => Path.Combine(DirectoryOf(volume), "control");

    /// <summary>The file with the process id of a volume's daemon.</summary>
    public string PidFileOf(VolumeCopy volume) => Path.Combine(DirectoryOf(volume), "pid");

    /// <summary>Whether the process runs that wrote its id for the volume. It may not listen yet: a mount serves a moment before its control socket is there.</summary>
    public bool HasDaemon(VolumeCopy volume)
    {
        try
        {
            string text = File.ReadAllText(PidFileOf(volume));
            return int.TryParse(text, NumberStyles.None | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int process)
                && Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Creates the directory of a volume, 0700 like all above it that are ours.</summary>
    /// <exception cref="CommandException">Somebody else made the directory, or it cannot be made.</exception>
    public void Create(VolumeCopy volume)
    {
        try
        {
            DurableFile.CreatePrivateDirectory(_path);
            RefuseForeign();
            DurableFile.CreatePrivateDirectory(DirectoryOf(volume));
        }
        catch (IOException error)
        {
            throw Unusable(error.Message, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Unusable(error.Message, error);
        }
    }

    /// <summary>Removes what a daemon leaves when it ends.</summary>
    public void Remove(VolumeCopy volume)
    {
        try
        {
            File.Delete(SocketOf(volume));
            File.Delete(PidFileOf(volume));
            Directory.Delete(DirectoryOf(volume));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next daemon of this volume has already moved in, or the system has cleared the directory away at the end of a login.
        }
    }

    /// <summary>The volumes that have, or had when their daemon was killed, a daemon of this user.</summary>
    public IReadOnlyList<VolumeCopy> Volumes()
    {
        var volumes = new List<VolumeCopy>();
        if (!Directory.Exists(_path))
        {
            return volumes;
        }

        foreach (string directory in Directory.EnumerateDirectories(_path))
        {
            if (VolumeCopy.TryParse(Path.GetFileName(directory)) is { } volume)
            {
                volumes.Add(volume);
            }
        }

        volumes.Sort((one, other) => string.CompareOrdinal(one.ToString(), other.ToString()));
        return volumes;
    }

    private string DirectoryOf(VolumeCopy volume) => Path.Combine(_path, volume.ToString());

    // Below /tmp anybody could have made the directory first, and would own every socket in it. Only the owner may change
    // a mode, so setting it proves whose it is.
    private void RefuseForeign()
    {
        if (new DirectoryInfo(_path).LinkTarget is not null)
        {
            throw Unusable("it is a symbolic link", null);
        }

        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private CommandException Unusable(string why, Exception? cause) => new(
        ExitCode.Failed,
        $"use the runtime directory {_path}: {why}",
        "Set XDG_RUNTIME_DIR to a directory that belongs to you alone, or remove the one that is in the way.",
        cause);
}
