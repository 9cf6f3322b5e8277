namespace HipaaFs.Cli.Placing;

/// <summary>A place in which data of a directory is, or goes.</summary>
/// <param name="Kind">"copies" (segments of its placements), "placement" (where new data goes), "metadata" (change stream and key ring, with the names), "host" (staging and cache).</param>
/// <param name="Store">The store; empty for the host.</param>
/// <param name="Region">Its region; empty when nobody said.</param>
/// <param name="Segments">Of copies: how many there are.</param>
/// <param name="Bytes">Of copies: bytes of them.</param>
/// <param name="Allowed">Whether the directory's regions allow it.</param>
internal sealed record ResidencyPlace(string Kind, string Store, string Region, long Segments, long Bytes, bool Allowed);
