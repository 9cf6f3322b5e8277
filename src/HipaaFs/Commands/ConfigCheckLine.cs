namespace HipaaFs.Cli.Commands;

/// <summary>One setting as it holds.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
/// <param name="From">Who said so: default, volume.yaml with line and column, or the environment variable.</param>
internal sealed record ConfigCheckLine(string Key, string Value, string From);
