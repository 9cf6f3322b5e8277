namespace HipaaFs.Placements;

/// <summary>What a mirror of change stream and key ring has.</summary>
/// <param name="Home">Name of the home that it is a mirror of.</param>
/// <param name="PublishedAt">When the newest of the change stream that it has was put into it, by its clock.</param>
/// <param name="IsNewest">Whether that is the newest that this machine has published.</param>
public sealed record MirrorState(string Home, DateTimeOffset PublishedAt, bool IsNewest);
