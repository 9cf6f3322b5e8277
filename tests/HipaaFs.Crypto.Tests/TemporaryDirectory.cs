namespace HipaaFs.Crypto.Tests;

/// <summary>A directory that is gone when the test ends.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Location = Directory.CreateTempSubdirectory("hipaafs-crypto-").FullName;

    public string Location { get; }

    public string this[string name] => Path.Combine(Location, name);

    /// <summary>Sets permissions where the platform has them.</summary>
    public static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    /// <summary>Writes a file that only its owner can read and write.</summary>
    public string WritePrivate(string name, string content)
    {
        string path = this[name];
        File.WriteAllText(path, content);
        SetMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public void Dispose() => Directory.Delete(Location, recursive: true);
}
