namespace HipaaFs.Mount.Tests.Tampering;

/// <summary>How the pages of some files read after somebody changed what is stored.</summary>
/// <param name="Right">Pages with the bytes that were written.</param>
/// <param name="Wrong">Pages with other bytes: must never be.</param>
/// <param name="Refused">Pages refused with EIO.</param>
internal sealed record PageCounts(int Right, int Wrong, int Refused);
