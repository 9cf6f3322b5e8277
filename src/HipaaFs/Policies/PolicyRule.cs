namespace HipaaFs.Cli.Policies;

/// <summary>What a policy says of a directory and all below it.</summary>
/// <param name="Path">The directory, from the root of the volume.</param>
/// <param name="Place">Where the path stands.</param>
/// <param name="Entries">What it says.</param>
internal sealed record PolicyRule(string Path, PolicyPlace Place, PolicyEntries Entries)
{
    /// <summary>How deep the directory lies; 0 is the root.</summary>
    public int Depth => Path == "/" ? 0 : Path.Count(static letter => letter == '/');
}
