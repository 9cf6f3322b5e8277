namespace HipaaFs.Trash;

/// <summary>How the trash is kept.</summary>
/// <param name="Error">Why it is not; <see cref="FsError.None"/> when it is.</param>
/// <param name="Since">Since when it is not; null when it is.</param>
/// <param name="Jump">How far the time of day is off from what was measured in this session; null when it is not.</param>
internal sealed record TrashState(FsError Error, DateTimeOffset? Since, ClockJump? Jump)
{
    /// <summary>All is well.</summary>
    internal static TrashState Kept { get; } = new(FsError.None, null, null);
}
