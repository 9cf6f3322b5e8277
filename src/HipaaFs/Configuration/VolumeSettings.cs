using HipaaFs.Crypto;

namespace HipaaFs.Cli.Configuration;

/// <summary>Every setting of a volume, in the order in which docs/configuration.md explains them.</summary>
internal static class VolumeSettings
{
    private const long MiB = 1L << 20;

    /// <summary>Version of the file's own layout.</summary>
    public static readonly Setting<int> Version = new(
        "version", null, "Layout of this file.", SettingReaders.Number(1, int.MaxValue));

    /// <summary>Identity of the volume.</summary>
    public static readonly Setting<Guid> Id = new(
        "id", null, "Identity of the volume, made by init.", SettingReaders.Identifier);

    /// <summary>Where the objects are.</summary>
    public static readonly Setting<string> Store = new(
        "store", null, "Where the volume's objects are, as a URL.", VolumeReferences.ReadStore);

    /// <summary>How to get the key; never the key itself.</summary>
    public static readonly Setting<string> Key = new(
        "key", "none", "Where the key is found; never the key itself.", VolumeReferences.ReadKey)
    { MayHoldSecret = true };

    /// <summary>Budget for everything the driver keeps in memory.</summary>
    public static readonly Setting<long> Memory = new(
        "memory", "256MiB", "Budget for buffers, frames, dirty data and database pages.", SettingReaders.Size(64 * MiB));

    /// <summary>Size that df shows.</summary>
    public static readonly Setting<long?> Capacity = new(
        "capacity", "none", "Size of the filesystem as df(1) shows it.", SettingReaders.OptionalSize(MiB));

    /// <summary>Where this machine is; null when nobody said.</summary>
    public static readonly Setting<string?> Region = new(
        "region", "none", "Where this machine is, in the words of the policy.", SettingReaders.OptionalRegion);

    /// <summary>Directory of the cache.</summary>
    public static readonly Setting<string> CacheDirectory = new(
        "cache.directory", "cache", "Directory of the cache of sealed frames.", SettingReaders.Text);

    /// <summary>Upper limit of the cache.</summary>
    public static readonly Setting<long> CacheSize = new(
        "cache.size", "10GiB", "Most bytes that the cache may take.", SettingReaders.Size(128 * MiB));

    /// <summary>Room that the cache leaves free on its disk.</summary>
    public static readonly Setting<double> CacheKeepFree = new(
        "cache.keep_free", "5%", "Share of its disk that the cache leaves free.", SettingReaders.Share);

    /// <summary>Directory of the staging log.</summary>
    public static readonly Setting<string> StagingDirectory = new(
        "staging.directory", "staging", "Directory of sealed data that is not uploaded yet.", SettingReaders.Text);

    /// <summary>Upper limit of staging.</summary>
    public static readonly Setting<long> StagingSize = new(
        "staging.size", "20GiB", "Most bytes that may wait for their upload.", SettingReaders.Size(256 * MiB));

    /// <summary>What a writer gets when staging is full.</summary>
    public static readonly Setting<string> StagingWhenFull = new(
        "staging.when_full", "block", "What writers get when staging is full: block, or no_space.", SettingReaders.Choice("block", "no_space"));

    /// <summary>How often metadata changes are published.</summary>
    public static readonly Setting<TimeSpan> RecoveryPublish = new(
        "recovery.publish", "25s", "How often metadata changes are published to the store.", SettingReaders.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));

    /// <summary>Age of the recovery point that is an alarm.</summary>
    public static readonly Setting<TimeSpan> RecoveryAlarm = new(
        "recovery.alarm", "2m", "Age of the recovery point above which there is an alarm.", SettingReaders.Duration(TimeSpan.FromSeconds(2), TimeSpan.FromDays(365)));

    /// <summary>How long what is deleted can be had back.</summary>
    public static readonly Setting<int> Trash = new(
        "trash", "0", "Days for which what is deleted or overwritten can be had back.", SettingReaders.Number(0, 36500));

    /// <summary>The log of the daemon.</summary>
    public static readonly Setting<string> LogFile = new(
        "log.file", "log/hipaafs.log", "Log of the daemon.", SettingReaders.Text);

    /// <summary>Size at which a new log is begun.</summary>
    public static readonly Setting<long> LogSize = new(
        "log.size", "10MiB", "Size at which a new log file is begun.", SettingReaders.Size(64 << 10));

    /// <summary>How many full logs are kept.</summary>
    public static readonly Setting<int> LogKeep = new(
        "log.keep", "5", "Number of full log files that are kept.", SettingReaders.Number(0, 1000));

    /// <summary>Least level that is written.</summary>
    public static readonly Setting<string> LogLevel = new(
        "log.level", "information", "Least level that is written.", SettingReaders.Choice("debug", "information", "warning", "error"));

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<Setting> All =
    [
        Version, Id, Store, Key, Memory, Capacity, Region,
        CacheDirectory, CacheSize, CacheKeepFree,
        StagingDirectory, StagingSize, StagingWhenFull,
        RecoveryPublish, RecoveryAlarm,
        Trash,
        LogFile, LogSize, LogKeep, LogLevel,
    ];

    /// <summary>Those without which there is no volume.</summary>
    public static readonly IReadOnlyList<Setting> Required = [Version, Id, Store];

    /// <summary>Those that identify the volume and come from its file alone.</summary>
    public static bool IsFixed(Setting setting) => setting == Version || setting == Id;

    /// <summary>Whether a key exists.</summary>
    public static bool IsKnown(string key) => Find(key) is not null;

    /// <summary>The setting of a key; null when there is none.</summary>
    public static Setting? Find(string key)
    {
        foreach (Setting setting in All)
        {
            if (setting.Key == key)
            {
                return setting;
            }
        }

        return null;
    }

    /// <summary>Whether a key has settings below it.</summary>
    public static bool IsGroup(string key)
    {
        foreach (Setting setting in All)
        {
            if (setting.Key.StartsWith(key + ".", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says that a key does not exist, with the nearest that does.</summary>
    public static string DescribeUnknown(string key) => WordDistance.FindNearest(key, All.Select(static setting => setting.Key)) is { } nearest
        ? $"{key}: no such setting; did you mean {nearest}?"
        : $"{key}: no such setting";
}
