namespace HipaaFs.Metadata;

/// <summary>Makes the repeat of an operation recognisable, so that a caller who did not see the answer may ask again.</summary>
/// <remarks>
/// The store remembers at least the last 4,096 operations that changed something. Failures are not remembered: they
/// changed nothing, so asking again is a new question. The default value stands for an operation that is never repeated.
/// </remarks>
/// <param name="Session">The session that asks.</param>
/// <param name="Number">A number the session uses once.</param>
public readonly record struct OperationId(ulong Session, ulong Number)
{
    /// <summary>An operation that its caller never repeats.</summary>
    public static OperationId None => default;
}
