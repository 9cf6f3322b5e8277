namespace HipaaFs.Cli.Configuration;

/// <summary>One thing that is wrong with the configuration, and where.</summary>
/// <param name="Place">"volume.yaml:3:5", "environment HIPAAFS_MEMORY", "option memory".</param>
/// <param name="Text">What is wrong.</param>
internal readonly record struct ConfigurationProblem(string Place, string Text)
{
    /// <summary>The line of volume.yaml, by which problems are sorted; 0 elsewhere.</summary>
    public long Line { get; init; }

    /// <summary>The place, then what is wrong there.</summary>
    public override string ToString() => $"{Place}: {Text}";
}
