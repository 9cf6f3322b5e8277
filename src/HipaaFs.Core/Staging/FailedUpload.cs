using HipaaFs.Crypto;
using HipaaFs.Storage;

namespace HipaaFs.Staging;

/// <summary>A segment whose upload failed and is tried again.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Error">Why its last try failed.</param>
/// <param name="Since">When its first try failed.</param>
/// <param name="IsHopeless">Whether its staged file is damaged or cannot be opened, so that no try will succeed: nothing newer becomes a backup point until it is repaired.</param>
public sealed record FailedUpload(SegmentId Segment, StoreError Error, DateTimeOffset Since, bool IsHopeless);
