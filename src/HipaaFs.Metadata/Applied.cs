namespace HipaaFs.Metadata;

/// <summary>An operation that was applied and has no other answer.</summary>
/// <param name="Sequence">What to make durable so that the operation survives.</param>
public readonly record struct Applied(CommitSequence Sequence);
