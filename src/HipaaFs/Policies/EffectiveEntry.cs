namespace HipaaFs.Cli.Policies;

/// <summary>What a field comes out as.</summary>
/// <param name="Field">The field.</param>
/// <param name="Value">Its value; meaningless when it could not be read.</param>
/// <param name="Origin">Who said it.</param>
/// <param name="IsReadable">Whether it could be read.</param>
internal sealed record EffectiveEntry(PolicyField Field, object? Value, PolicyOrigin Origin, bool IsReadable)
{
    /// <summary>The value in words for people.</summary>
    public string Text => Field.Describe(Value);
}
