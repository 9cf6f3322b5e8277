using System.Diagnostics.CodeAnalysis;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Configuration;

/// <summary>The settings of one volume after flag, environment, file and default have been weighed, in that order.</summary>
internal sealed class VolumeConfiguration
{
    /// <summary>The layout of volume.yaml that this version writes and reads.</summary>
    public const int FileVersion = 1;

    private readonly Dictionary<Setting, EffectiveSetting> _settings;

    private VolumeConfiguration(string directory, Dictionary<Setting, EffectiveSetting> settings)
    {
        Directory = directory;
        _settings = settings;
    }

    /// <summary>The directory of the volume, absolute.</summary>
    public string Directory { get; }

    /// <summary>Every setting in the order of the documentation.</summary>
    public IEnumerable<EffectiveSetting> Settings => VolumeSettings.All.Select(setting => _settings[setting]);

    /// <summary>Identity of the volume.</summary>
    public Guid VolumeId => Get(VolumeSettings.Id);

    /// <summary>Where the key is found; null when the file does not say.</summary>
    public string? KeyReference => Get(VolumeSettings.Key) is "none" ? null : Get(VolumeSettings.Key);

    /// <summary>The value of a setting that has one, which all but the required ones of a faulty file have.</summary>
    public T Get<T>(Setting<T> setting) => setting.Read(_settings[setting].Text
        ?? throw new InvalidOperationException($"{setting.Key} has no value"));

    /// <summary>The value of a path setting, absolute; relative ones start at the volume's directory.</summary>
    public string GetPath(Setting<string> setting) => Path.GetFullPath(Get(setting), Directory);

    /// <summary>Loads the configuration of the volume in a directory.</summary>
    /// <exception cref="CommandException">There is no volume, its file cannot be read, or something in it is wrong; all that is wrong is listed.</exception>
    public static VolumeConfiguration Load(
        string directory, IReadOnlyDictionary<string, string> flags, Func<string, string?> environment)
    {
        string full = Path.GetFullPath(directory);
        string text = ReadFile(full);
        var problems = new List<ConfigurationProblem>();
        if (TryRead(full, text, flags, environment, problems, out VolumeConfiguration? configuration))
        {
            return configuration;
        }

        throw new CommandException(
            ExitCode.Configuration,
            $"read the configuration of volume {full}: {problems.Count} {(problems.Count == 1 ? "problem" : "problems")}",
            "Correct what is listed; docs/configuration.md explains every setting.")
        {
            Problems = [.. problems.OrderBy(problem => problem.Line).Select(problem => problem.ToString())],
        };
    }

    /// <summary>Weighs the text of a file against environment and flags; false when anything is wrong.</summary>
    public static bool TryRead(
        string directory,
        string text,
        IReadOnlyDictionary<string, string> flags,
        Func<string, string?> environment,
        ICollection<ConfigurationProblem> problems,
        [NotNullWhen(true)] out VolumeConfiguration? configuration)
    {
        bool complete = VolumeFile.TryRead(text, problems, out IReadOnlyList<VolumeFileEntry> entries);
        RefuseNewerFile(entries);
        var settings = new Dictionary<Setting, EffectiveSetting>();
        foreach (Setting setting in VolumeSettings.All)
        {
            EffectiveSetting effective = Weigh(setting, entries, flags, environment);
            settings[setting] = effective;
            if (effective.Text is null)
            {
                // Behind a syntax error nothing is known to be missing; a value that is no scalar was reported where it stands.
                bool reported = problems.Any(problem => problem.Text.StartsWith(setting.Key + ":", StringComparison.Ordinal));
                if (complete && !reported && VolumeSettings.Required.Contains(setting))
                {
                    problems.Add(new ConfigurationProblem(VolumeFile.Name, $"{setting.Key}: missing"));
                }
            }
            else if (setting.Describe(setting.Key, effective.Text) is { } problem)
            {
                problems.Add(new ConfigurationProblem(effective.Place, problem) { Line = effective.Line });
            }
        }

        configuration = problems.Count == 0 ? new VolumeConfiguration(directory, settings) : null;
        configuration?.CheckTogether(problems);
        if (problems.Count > 0)
        {
            configuration = null;
        }

        return configuration is not null;
    }

    private static EffectiveSetting Weigh(
        Setting setting,
        IReadOnlyList<VolumeFileEntry> entries,
        IReadOnlyDictionary<string, string> flags,
        Func<string, string?> environment)
    {
        if (!VolumeSettings.IsFixed(setting))
        {
            if (flags.TryGetValue(setting.Key, out string? flag))
            {
                return new EffectiveSetting(setting, flag, SettingSource.Flag, $"option {setting.Key}");
            }

            if (environment(setting.EnvironmentVariable) is { Length: > 0 } variable)
            {
                return new EffectiveSetting(setting, variable, SettingSource.Environment, $"environment {setting.EnvironmentVariable}");
            }
        }

        foreach (VolumeFileEntry entry in entries)
        {
            if (entry.Key == setting.Key)
            {
                return new EffectiveSetting(setting, entry.Value, SettingSource.File, VolumeFile.Place(entry.Line, entry.Column))
                {
                    Line = entry.Line,
                };
            }
        }

        return new EffectiveSetting(setting, setting.DefaultText, SettingSource.Default, "default");
    }

    private static void RefuseNewerFile(IReadOnlyList<VolumeFileEntry> entries)
    {
        foreach (VolumeFileEntry entry in entries)
        {
            if (entry.Key == VolumeSettings.Version.Key && int.TryParse(entry.Value, out int version) && version > FileVersion)
            {
                throw new CommandException(
                    ExitCode.UnsupportedFormat,
                    $"read {VolumeFile.Name}: layout {version} is newer than {FileVersion}, the newest this version knows",
                    "Use the version of hipaafs that made the volume, or a newer one.");
            }
        }
    }

    private static string ReadFile(string directory)
    {
        string path = Path.Combine(directory, VolumeFile.Name);
        try
        {
            return File.ReadAllText(path);
        }
        catch (FileNotFoundException error)
        {
            throw NoVolume(directory, error);
        }
        catch (DirectoryNotFoundException error)
        {
            throw NoVolume(directory, error);
        }
        catch (IOException error)
        {
            throw Unreadable(path, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Unreadable(path, error);
        }
    }

    private static CommandException NoVolume(string directory, IOException error) => new(
        ExitCode.NotFound,
        $"open volume {directory}: there is no {VolumeFile.Name}",
        "Give the directory of a volume, or make one with 'hipaafs init VOLUME'.",
        error);

    private static CommandException Unreadable(string path, Exception error) => new(
        ExitCode.Configuration,
        $"read {path}: {error.Message}",
        "Run the command as the user who owns the volume.",
        error);

    // What each setting alone cannot show: paths that collide, an alarm that would be raised by every publication.
    private void CheckTogether(ICollection<ConfigurationProblem> problems)
    {
        string cache = GetPath(VolumeSettings.CacheDirectory);
        string staging = GetPath(VolumeSettings.StagingDirectory);
        if (cache == staging)
        {
            problems.Add(new ConfigurationProblem(
                _settings[VolumeSettings.CacheDirectory].Place, "cache.directory: is also staging.directory; the two need directories of their own"));
        }

        if (cache == Directory || staging == Directory)
        {
            problems.Add(new ConfigurationProblem(
                _settings[VolumeSettings.CacheDirectory].Place, "cache.directory, staging.directory: neither may be the volume's own directory"));
        }

        TimeSpan least = 2 * Get(VolumeSettings.RecoveryPublish);
        if (Get(VolumeSettings.RecoveryAlarm) < least)
        {
            // The one that was set is wrong, not the default.
            EffectiveSetting alarm = _settings[VolumeSettings.RecoveryAlarm];
            EffectiveSetting named = alarm.Source == SettingSource.Default ? _settings[VolumeSettings.RecoveryPublish] : alarm;
            problems.Add(new ConfigurationProblem(
                named.Place, $"recovery.alarm: '{alarm.Text}' must be at least twice recovery.publish, {DurationText.Format(least)}")
            { Line = named.Line });
        }
    }
}
