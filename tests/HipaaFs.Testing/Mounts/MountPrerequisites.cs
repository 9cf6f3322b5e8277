using Xunit;

namespace HipaaFs.Testing.Mounts;

/// <summary>Skips a test, saying why, where the machine cannot run it.</summary>
public static class MountPrerequisites
{
    /// <summary>Needs a machine on which a FUSE filesystem can be mounted by this user.</summary>
    public static void RequireFuse()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("needs Linux");
        }

        if (!CanOpenFuse())
        {
            Assert.Skip("needs /dev/fuse");
        }

        if (!IsRoot && FindProgram("fusermount3") is null)
        {
            Assert.Skip("needs root or fusermount3");
        }
    }

    /// <summary>Needs to run as root (other users, loopback mounts, namespaces, dropped page cache).</summary>
    public static void RequireRoot()
    {
        if (!IsRoot)
        {
            Assert.Skip("needs root");
        }
    }

    /// <summary>Needs programs on PATH.</summary>
    public static void RequirePrograms(params string[] programs)
    {
        string[] missing = Array.FindAll(programs, program => FindProgram(program) is null);
        if (missing.Length > 0)
        {
            Assert.Skip($"needs {string.Join(", ", missing)}");
        }
    }

    /// <summary>Whether the tests run as root.</summary>
    public static bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary>Full path of a program on PATH, or null.</summary>
    public static string? FindProgram(string name)
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        foreach (string directory in path.Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string candidate = Path.Combine(directory, name);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static bool CanOpenFuse()
    {
        try
        {
            // Shared: the runtime would lock it otherwise, and a test that looks at the same time would find no device.
            using FileStream device = File.Open("/dev/fuse", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }
}
