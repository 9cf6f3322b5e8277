namespace HipaaFs.Cli.Commands;

/// <summary>One key that opens a volume, as <c>hipaafs key list</c> shows it.</summary>
/// <param name="Id">Identity of the wrap.</param>
/// <param name="Kind">What kind of key.</param>
/// <param name="Label">What it was called when it was added.</param>
/// <param name="CreatedAt">When.</param>
internal sealed record KeyWrapLine(string Id, string Kind, string Label, DateTimeOffset CreatedAt);
