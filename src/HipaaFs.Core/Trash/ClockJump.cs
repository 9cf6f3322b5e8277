namespace HipaaFs.Trash;

/// <summary>A time of day that went on by another length than was measured: it was set, or the machine slept.</summary>
/// <param name="By">How far it is ahead of where it would be; negative behind.</param>
public sealed record ClockJump(TimeSpan By);
