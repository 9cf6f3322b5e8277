namespace HipaaFs.Cli.Configuration;

/// <summary>One key and its value as they stand in volume.yaml; lines and columns count from 1.</summary>
internal readonly record struct VolumeFileEntry(string Key, string Value, long Line, long Column)
{
    /// <summary>Where in the text the value stands, its quotes included.</summary>
    public Range Place { get; init; }
}
