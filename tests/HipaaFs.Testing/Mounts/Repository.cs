namespace HipaaFs.Testing.Mounts;

/// <summary>The checkout that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The directory of HipaaFs.sln, looked for upwards from the test's own directory.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "HipaaFs.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new DirectoryNotFoundException("find HipaaFs.sln above the tests");
    }
}
