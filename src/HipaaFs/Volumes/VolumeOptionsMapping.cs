using HipaaFs.Cache;
using HipaaFs.Cli.Configuration;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Volumes;

/// <summary>Turns the settings of a volume into the options of the classes that do the work.</summary>
internal static class VolumeOptionsMapping
{
    /// <summary>Finds what is wrong with a volume's settings beyond each one alone.</summary>
    /// <exception cref="CommandException">Something is.</exception>
    public static void Check(VolumeConfiguration configuration) => _ = ToOptions(configuration);

    /// <summary>The options of a volume.</summary>
    /// <exception cref="CommandException">The settings are fine one by one, but not together or not on this machine.</exception>
    public static VolumeOptions ToOptions(VolumeConfiguration configuration)
    {
        var options = new VolumeOptions
        {
            Directory = configuration.Directory,
            VolumeId = configuration.VolumeId,
            Store = StoreUrl.Parse(configuration.Get(VolumeSettings.Store)),
            Stores = KnownStores.All,
            MemoryBytes = configuration.Get(VolumeSettings.Memory),
            CapacityBytes = configuration.Get(VolumeSettings.Capacity),
            PublishInterval = configuration.Get(VolumeSettings.RecoveryPublish),
            RecoveryPointLimit = configuration.Get(VolumeSettings.RecoveryAlarm),
            TrashDays = configuration.Get(VolumeSettings.Trash),
            Cache = new CacheOptions
            {
                Directory = configuration.GetPath(VolumeSettings.CacheDirectory),
                MaxBytes = configuration.Get(VolumeSettings.CacheSize),
                MinFreeRatio = configuration.Get(VolumeSettings.CacheKeepFree),
            },
            Staging = new StagingOptions
            {
                Directory = configuration.GetPath(VolumeSettings.StagingDirectory),
                MaxBytes = configuration.Get(VolumeSettings.StagingSize),
                WhenFull = configuration.Get(VolumeSettings.StagingWhenFull) == "block" ? StagingFullMode.Block : StagingFullMode.NoSpace,
            },
        };
        var problems = new List<string>();
        options.Validate(problems);
        return problems.Count == 0
            ? options
            : throw new CommandException(
                ExitCode.Configuration,
                $"read the configuration of volume {configuration.Directory}: {problems.Count} {(problems.Count == 1 ? "problem" : "problems")}",
                "Correct what is listed; docs/configuration.md explains every setting.")
            {
                Problems = problems,
            };
    }
}
