namespace HipaaFs;

/// <summary>The process behind a request, as the kernel names it.</summary>
/// <param name="UserId">File system user id.</param>
/// <param name="GroupId">File system group id.</param>
/// <param name="ProcessId">Thread id in the mount's pid namespace, 0 when it is outside.</param>
public readonly record struct Caller(uint UserId, uint GroupId, uint ProcessId);
