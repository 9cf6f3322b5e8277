using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Where runs go that are moved together.</summary>
/// <param name="Files">Placement of the files whose data they are.</param>
/// <param name="Placement">Placement of the new segments: that of the files, or where the heads of archived ones are.</param>
/// <param name="Domain">Key domain.</param>
/// <param name="Class">What they hold.</param>
/// <param name="Directory">The directory of the files where each has segments of its own; else none.</param>
internal readonly record struct MoveTarget(uint Files, uint Placement, DomainId Domain, RecordClass Class, InodeId Directory);
