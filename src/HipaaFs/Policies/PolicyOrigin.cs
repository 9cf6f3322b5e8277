namespace HipaaFs.Cli.Policies;

/// <summary>Who said a value.</summary>
/// <param name="Text">"rule /genomes", "*.bam in rule /genomes", "defaults", "default".</param>
/// <param name="Place">Where it stands; null for what nobody said.</param>
/// <param name="Depth">How deep in the tree it was said, -1 for what nobody said; what is said deeper is what a reader would change.</param>
internal sealed record PolicyOrigin(string Text, PolicyPlace? Place, int Depth)
{
    /// <summary>The directory whose rule said it; null when none did.</summary>
    public string? Directory { get; init; }
}
