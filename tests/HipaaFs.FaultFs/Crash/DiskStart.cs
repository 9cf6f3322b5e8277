using HipaaFs.FaultFs.Disk;

namespace HipaaFs.FaultFs.Crash;

/// <summary>What a disk held, durably, before the first operation of its log.</summary>
/// <param name="Names">What the names stand for.</param>
/// <param name="Contents">The files.</param>
public sealed record DiskStart(
    IReadOnlyDictionary<(int Parent, string Name), int> Names,
    IReadOnlyDictionary<int, PagedContent> Contents);
