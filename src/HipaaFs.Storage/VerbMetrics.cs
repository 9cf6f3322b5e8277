namespace HipaaFs.Storage;

/// <summary>What was counted for one kind of request since the store was opened.</summary>
/// <param name="Requests">Operations asked of the stack, whatever came of them. Repeats are not in here.</param>
/// <param name="Retries">Repeats made on top of those.</param>
/// <param name="Errors">Operations that failed; answers such as NotFound or AlreadyExists are not failures.</param>
/// <param name="Cancelled">Operations whose caller stopped waiting.</param>
/// <param name="Bytes">Content bytes moved by operations that succeeded.</param>
public readonly record struct VerbMetrics(long Requests, long Retries, long Errors, long Cancelled, long Bytes);
