namespace HipaaFs.Cli.Policies;

/// <summary>What one place of a policy says of a field.</summary>
/// <param name="Value">The value; meaningless when it could not be read.</param>
/// <param name="Place">Where the value begins.</param>
/// <param name="IsReadable">Whether it could be read. What is not was reported and is nothing to draw conclusions from.</param>
internal sealed record PolicyEntry(object? Value, PolicyPlace Place, bool IsReadable);
