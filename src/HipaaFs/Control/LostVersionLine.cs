namespace HipaaFs.Cli.Control;

/// <summary>What can be had back from the trash, as the commands show it.</summary>
/// <param name="Kind"><c>removed</c> or <c>changed</c>.</param>
/// <param name="Path">Its path from the root of the volume.</param>
/// <param name="Snapshot">The last snapshot that shows it.</param>
/// <param name="SeenAt">When that was taken.</param>
/// <param name="Directory">Whether it is a directory.</param>
/// <param name="Bytes">Size of the file.</param>
internal sealed record LostVersionLine(string Kind, string Path, string Snapshot, DateTimeOffset SeenAt, bool Directory, long Bytes);
