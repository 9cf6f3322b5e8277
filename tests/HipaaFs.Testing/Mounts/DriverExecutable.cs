namespace HipaaFs.Testing.Mounts;

/// <summary>Finds the hipaafs executable that the mount tests drive.</summary>
public static class DriverExecutable
{
    /// <summary>HIPAAFS_EXE, else artifacts/hipaafs/hipaafs of the repository, else the newest plain build of src/HipaaFs.</summary>
    public static string Locate()
    {
        if (Environment.GetEnvironmentVariable("HIPAAFS_EXE") is { Length: > 0 } given)
        {
            return given;
        }

        string root = Repository.Root;
        string published = Path.Combine(root, "artifacts", "hipaafs", "hipaafs");
        if (File.Exists(published))
        {
            return published;
        }

        foreach (string configuration in (string[])["Release", "Debug"])
        {
            string built = Path.Combine(root, "src", "HipaaFs", "bin", configuration, "net10.0", "hipaafs");
            if (File.Exists(built))
            {
                return built;
            }
        }

        throw new FileNotFoundException("find the hipaafs executable: run ./build.sh build, or set HIPAAFS_EXE");
    }

    /// <summary>Copies the driver to where every user can run it: a checkout below a closed home is for its owner alone.</summary>
    /// <returns>The copied executable.</returns>
    public static async Task<string> CopyForEverybodyAsync(string directory)
    {
        string source = Path.GetDirectoryName(Locate())!;
        await Shell.CheckAsync($"cp -r -- '{source}' driver && chmod -R a+rX driver", directory);
        return Path.Combine(directory, "driver", "hipaafs");
    }
}
