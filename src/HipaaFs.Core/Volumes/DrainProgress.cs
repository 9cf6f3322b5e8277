namespace HipaaFs.Volumes;

/// <summary>How far an upload of everything is.</summary>
/// <param name="SegmentsLeft">Segments not in the store yet.</param>
/// <param name="BytesLeft">Their bytes.</param>
/// <param name="Error">Why nothing can be uploaded, or an upload failed that is tried again; null when neither is so.</param>
public readonly record struct DrainProgress(int SegmentsLeft, long BytesLeft, string? Error);
