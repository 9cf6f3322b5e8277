namespace HipaaFs.Cli.Control;

/// <summary>What can be had back from the trash, the latest loss first.</summary>
/// <param name="Versions">Each version.</param>
/// <param name="HasMore">Whether there are more than were asked for.</param>
internal sealed record LostVersionList(IReadOnlyList<LostVersionLine> Versions, bool HasMore);
