namespace HipaaFs.Metadata;

/// <summary>An operation that was applied, and its answer.</summary>
/// <typeparam name="T">The answer.</typeparam>
/// <param name="Value">The answer.</param>
/// <param name="Sequence">What to make durable so that the operation survives.</param>
public readonly record struct Applied<T>(T Value, CommitSequence Sequence);
