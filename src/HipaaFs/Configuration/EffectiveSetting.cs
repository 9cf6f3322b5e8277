namespace HipaaFs.Cli.Configuration;

/// <summary>What a setting is in the end, and where that was said.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Text">Its value; null when it has none.</param>
/// <param name="Source">Who said so.</param>
/// <param name="Place">Where exactly, for messages.</param>
internal sealed record EffectiveSetting(Setting Setting, string? Text, SettingSource Source, string Place)
{
    /// <summary>The line of volume.yaml it stands in; 0 elsewhere.</summary>
    public long Line { get; init; }
}
