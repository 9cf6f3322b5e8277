namespace HipaaFs.Cli.Configuration;

/// <summary>One thing that volume.yaml, an environment variable or a flag can set.</summary>
internal abstract class Setting
{
    /// <summary>Describes a setting; <paramref name="defaultText"/> is null where there is no default.</summary>
    protected Setting(string key, string? defaultText, string summary)
    {
        Key = key;
        DefaultText = defaultText;
        Summary = summary;
    }

    /// <summary>The key in volume.yaml; a dot stands for one level of nesting.</summary>
    public string Key { get; }

    /// <summary>What holds when nobody says anything; null when then there is no value.</summary>
    public string? DefaultText { get; }

    /// <summary>One line about what it does.</summary>
    public string Summary { get; }

    /// <summary>The environment variable that overrides the file.</summary>
    public string EnvironmentVariable => EnvironmentVariables.Prefix + Key.Replace('.', '_').ToUpperInvariant();

    /// <summary>Whether a wrong value may be a secret that somebody wrote in the wrong place, so that messages must not repeat it.</summary>
    public bool MayHoldSecret { get; init; }

    /// <summary>Says what is wrong with a value; null when nothing is.</summary>
    public string? Describe(string name, string text) =>
        FindProblem(text) is { } problem ? MayHoldSecret ? $"{name}: the value {problem}" : $"{name}: '{text}' {problem}" : null;

    /// <summary>What is wrong with a value, as a clause that follows the value; null when nothing is.</summary>
    public abstract string? FindProblem(string text);
}
