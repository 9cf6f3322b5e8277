namespace HipaaFs.Cli.Control;

/// <summary>A segment whose upload failed and is tried again.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Error">Why its last try failed.</param>
/// <param name="Seconds">For how long it has been tried.</param>
/// <param name="StagedFileDamaged">Whether no try will succeed, since its file in staging is damaged or cannot be opened; <c>fsck --repair</c> makes the rest go on.</param>
internal sealed record FailedUploadLine(string Segment, string Error, double Seconds, bool StagedFileDamaged);
