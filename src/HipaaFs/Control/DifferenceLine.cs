namespace HipaaFs.Cli.Control;

/// <summary>A path that differs between a snapshot and a later state.</summary>
/// <param name="Kind">created, removed, changed or renamed.</param>
/// <param name="Path">The path below the mount point.</param>
/// <param name="OldPath">What it was, when it was renamed.</param>
internal sealed record DifferenceLine(string Kind, string Path, string? OldPath);
