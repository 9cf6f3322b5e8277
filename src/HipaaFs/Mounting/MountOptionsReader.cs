using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Snapshots;

namespace HipaaFs.Cli.Mounting;

/// <summary>Reads the comma-separated options of <c>-o</c> as mount(8) passes them on. A later option wins over an earlier one.</summary>
internal static class MountOptionsReader
{
    /// <summary>Options of other layers (mount(8), systemd, the kernel) that are true anyway or have nothing to say here.</summary>
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "nofail", "async", "rw",
        "default_permissions", "relatime", "norelatime", "strictatime", "diratime", "nodiratime", "lazytime", "nolazytime",
        "iversion", "noiversion", "silent", "loud", "mand", "nomand", "remount_ok",
    };

    private static readonly Dictionary<string, Setting> SettingOptions = new(StringComparer.Ordinal)
    {
        ["key"] = VolumeSettings.Key,
        ["store"] = VolumeSettings.Store,
        ["memory"] = VolumeSettings.Memory,
        ["capacity"] = VolumeSettings.Capacity,
        ["cache"] = VolumeSettings.CacheDirectory,
        ["cache_size"] = VolumeSettings.CacheSize,
        ["staging"] = VolumeSettings.StagingDirectory,
        ["staging_size"] = VolumeSettings.StagingSize,
        ["staging_full"] = VolumeSettings.StagingWhenFull,
        ["log"] = VolumeSettings.LogFile,
        ["log_level"] = VolumeSettings.LogLevel,
    };

    /// <summary>The names of every option that takes or is a word of ours, for shell completion.</summary>
    public static IEnumerable<string> Names =>
    [
        "ro", "rw", "allow_other", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "noatime", "atime", "sync", "dirsync", "awake", "noawake",
        "nonempty", "foreground", "accept_older_store", "take_over", "uid=", "gid=", "umask=", "fmask=", "dmask=", "max_background=", "kernel_cache_time=",
        "snapdir=", "snapshot=", "at=",
        .. SettingOptions.Keys.Select(name => name + "="),
    ];

    /// <summary>Reads the values of all <c>-o</c> in order; every problem is added to <paramref name="problems"/>.</summary>
    public static MountOptions Read(IEnumerable<string> values, ICollection<string> problems)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var options = new MountOptions { Settings = settings };
        bool sloppy = false;
        var unknown = new List<string>();
        foreach (string option in values.SelectMany(Split))
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? option : option[..equals];
            string? value = equals < 0 ? null : option[(equals + 1)..];
            sloppy |= option == "sloppy";
            if (option == "sloppy" || Ignored.Contains(option) || name.StartsWith("x-", StringComparison.Ordinal) || name == "comment")
            {
                // "rw" is ignored only as the default; said after "ro" it takes that back.
                options = option == "rw" ? options with { ReadOnly = options.Snapshot is not null || options.At is not null } : options;
                continue;
            }

            MountOptions? changed = value is null ? ReadWord(name, options) : ReadValue(name, value, options, settings, problems);
            if (changed is null)
            {
                unknown.Add(name);
            }

            options = changed ?? options;
        }

        if (!sloppy)
        {
            foreach (string name in unknown)
            {
                problems.Add($"-o {name}: no such option");
            }
        }

        return options;
    }

    /// <summary>Splits at commas; <c>\,</c> is a comma inside a value and <c>\\</c> a backslash.</summary>
    public static IEnumerable<string> Split(string options)
    {
        var current = new System.Text.StringBuilder();
        for (int at = 0; at < options.Length; at++)
        {
            char letter = options[at];
            if (letter == '\\' && at + 1 < options.Length && options[at + 1] is ',' or '\\' && letter == '\\')
            {
                at++;
                current.Append(options[at]);
            }
            else if (letter == ',')
            {
                if (current.Length > 0)
                {
                    yield return current.ToString();
                }

                current.Clear();
            }
            else
            {
                current.Append(letter);
            }
        }

        if (current.Length > 0)
        {
            yield return current.ToString();
        }
    }

    private static MountOptions? ReadWord(string name, MountOptions options) => name switch
    {
        "ro" or "read_only" => options with { ReadOnly = true },
        "allow_other" => options with { AllowOther = true },
        "suid" => options with { SetUserId = true },
        "nosuid" => options with { SetUserId = false },
        "dev" => options with { Devices = true },
        "nodev" => options with { Devices = false },
        "exec" => options with { NoExec = false },
        "noexec" => options with { NoExec = true },
        "noatime" => options with { NoAccessTime = true },
        "atime" => options with { NoAccessTime = false },
        "sync" => options with { Synchronous = true },
        "dirsync" => options with { SynchronousDirectories = true },
        "awake" => options with { KeepProcessorsAwake = true },
        "noawake" => options with { KeepProcessorsAwake = false },
        "nonempty" => options with { NonEmpty = true },
        "foreground" => options with { Foreground = true },
        "take_over" => options with { TakeOver = true },
        "accept_older_store" => options with { AcceptOlderStore = true },
        _ => null,
    };

    private static MountOptions? ReadValue(
        string name, string value, MountOptions options, Dictionary<string, string> settings, ICollection<string> problems)
    {
        if (SettingOptions.TryGetValue(name, out Setting? setting))
        {
            if (setting.Describe($"-o {name}", value) is { } problem)
            {
                problems.Add(problem);
            }

            settings[setting.Key] = value;
            return options;
        }

        OwnershipOverride ownership = options.Ownership;
        switch (name)
        {
            case "uid":
                return options with { Ownership = ownership with { UserId = ReadId(name, value, problems) } };
            case "gid":
                return options with { Ownership = ownership with { GroupId = ReadId(name, value, problems) } };
            case "umask":
                uint? mask = ReadMask(name, value, problems);
                return options with { Ownership = ownership with { FileMask = mask, DirectoryMask = mask } };
            case "fmask":
                return options with { Ownership = ownership with { FileMask = ReadMask(name, value, problems) } };
            case "dmask":
                return options with { Ownership = ownership with { DirectoryMask = ReadMask(name, value, problems) } };
            case "max_background":
                return options with { MaxBackground = ReadNumber(name, value, 1, ushort.MaxValue, problems) };
            case "kernel_cache_time":
                if (!DurationText.TryParse(value, out TimeSpan time))
                {
                    problems.Add($"-o {name}: '{value}' is no length of time; write 0s, 500ms or 30s");
                }

                return options with { KernelCacheTime = time };
            case "snapdir":
                if (!TryReadMode(value, out SnapshotDirectoryMode mode))
                {
                    problems.Add($"-o {name}: '{value}' is none of hidden, visible and off");
                }

                return options with { SnapshotDirectory = mode };
            case "snapshot":
                return options with { Snapshot = value, At = null, ReadOnly = true };
            case "at":
                if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at))
                {
                    problems.Add($"-o {name}: '{value}' is no time; write 2026-11-22T10:00:00Z");
                }

                return options with { At = at, Snapshot = null, ReadOnly = true };
            default:
                return null;
        }
    }

    private static bool TryReadMode(string value, out SnapshotDirectoryMode mode)
    {
        (bool known, mode) = value switch
        {
            "hidden" => (true, SnapshotDirectoryMode.Hidden),
            "visible" => (true, SnapshotDirectoryMode.Visible),
            "off" => (true, SnapshotDirectoryMode.Off),
            _ => (false, SnapshotDirectoryMode.Hidden),
        };
        return known;
    }

    private static uint? ReadId(string name, string value, ICollection<string> problems)
    {
        if (uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue)
        {
            return id;
        }

        problems.Add($"-o {name}: '{value}' is no number of a user or group");
        return null;
    }

    private static uint? ReadMask(string name, string value, ICollection<string> problems)
    {
        uint mask = 0;
        foreach (char digit in value)
        {
            mask = digit is >= '0' and <= '7' && mask < 0x1000 ? (mask * 8) + (uint)(digit - '0') : uint.MaxValue;
            if (mask > 0x1FF)
            {
                break;
            }
        }

        if (value.Length > 0 && mask <= 0x1FF)
        {
            return mask;
        }

        problems.Add($"-o {name}: '{value}' is no octal mask from 0 to 777");
        return null;
    }

    private static int ReadNumber(string name, string value, int least, int most, ICollection<string> problems)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
        {
            return number;
        }

        problems.Add($"-o {name}: '{value}' is no number from {least} to {most}");
        return 0;
    }
}
