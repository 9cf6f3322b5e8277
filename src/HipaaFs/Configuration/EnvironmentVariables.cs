namespace HipaaFs.Cli.Configuration;

/// <summary>Every variable of the environment that begins with HIPAAFS_ and means something. All others are mistakes.</summary>
internal static class EnvironmentVariables
{
    /// <summary>What they all begin with.</summary>
    public const string Prefix = "HIPAAFS_";

    /// <summary>Those of build.sh and of the tests, which the driver only lets pass.</summary>
    public static readonly IReadOnlyList<string> OfDevelopment =
    [
        "HIPAAFS_AGEING_FILES",
        "HIPAAFS_AZURITE",
        "HIPAAFS_BURN_ROUNDS",
        "HIPAAFS_BURN_SEED",
        "HIPAAFS_COUNTED_MEBIBYTES",
        "HIPAAFS_CRASH_POINTS",
        "HIPAAFS_CRASH_ROUNDS",
        "HIPAAFS_CRASH_SEED",
        "HIPAAFS_DIRECTORY_ENTRIES",
        "HIPAAFS_EXE",
        "HIPAAFS_FAILURE_COUNT",
        "HIPAAFS_FAILURE_FILES",
        "HIPAAFS_FAILURE_FIRST",
        "HIPAAFS_FAILURE_POINTS",
        "HIPAAFS_MODEL_OPERATIONS",
        "HIPAAFS_MODEL_SEED",
        "HIPAAFS_OVERWRITES",
        "HIPAAFS_PJDFSTEST",
        "HIPAAFS_TEST_KEEP",
        "HIPAAFS_VOLUME",
        "HIPAAFS_XFSTESTS",
    ];

    private static readonly string[] OfSettings =
        [.. VolumeSettings.All.Where(static setting => !VolumeSettings.IsFixed(setting)).Select(static setting => setting.EnvironmentVariable)];

    /// <summary>A line for each name that begins with the prefix and means nothing, with the nearest that does.</summary>
    public static IEnumerable<string> DescribeUnknown(IEnumerable<string> names) => names
        .Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal) && !OfSettings.Contains(name) && !OfDevelopment.Contains(name))
        .Order(StringComparer.Ordinal)
        .Select(static name => WordDistance.FindNearest(name[Prefix.Length..], OfSettings.Select(static known => known[Prefix.Length..])) is { } nearest
            ? $"environment {name}: no such setting; did you mean {Prefix}{nearest}?"
            : $"environment {name}: no such setting");
}
