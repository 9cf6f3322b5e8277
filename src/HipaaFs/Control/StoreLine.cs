namespace HipaaFs.Cli.Control;

/// <summary>One store of a volume that has several.</summary>
/// <param name="Number">Its number; 0 is the volume's own.</param>
/// <param name="Name">Its name.</param>
/// <param name="Region">Where it keeps data; empty when nothing was said.</param>
/// <param name="Away">Whether it did not answer a while ago.</param>
/// <param name="Problem">Why nothing is put into it; null when nothing is known against it.</param>
/// <param name="LackingSegments">Segments that it should have and lacks, as last counted.</param>
/// <param name="LackingBytes">Bytes of them.</param>
/// <param name="LagSeconds">For how long the oldest of them has been live; null when it lacks none.</param>
internal sealed record StoreLine(int Number, string Name, string Region, bool Away, string? Problem, long LackingSegments, long LackingBytes, double? LagSeconds);
