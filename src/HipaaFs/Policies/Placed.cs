namespace HipaaFs.Cli.Policies;

/// <summary>A value and where it was said.</summary>
internal readonly record struct Placed<T>(T Value, PolicyPlace Place);
