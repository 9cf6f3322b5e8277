namespace HipaaFs.Cli.Policies;

/// <summary>A field whose value has a type.</summary>
internal sealed class PolicyField<T> : PolicyField
{
    private readonly PolicyNodeReader<T> _reader;
    private readonly Func<T, string> _describe;

    /// <summary>Describes a field.</summary>
    public PolicyField(string key, PolicyScopes scopes, T fallback, PolicyNodeReader<T> reader, Func<T, string> describe)
        : base(key, scopes)
    {
        Default = fallback;
        _reader = reader;
        _describe = describe;
    }

    /// <summary>What holds when nothing is said.</summary>
    public T Default { get; }

    /// <summary>What people are told where the value is null.</summary>
    public string WithoutValue { get; init; } = "none";

    /// <inheritdoc/>
    public override object? DefaultValue => Default;

    /// <inheritdoc/>
    public override PolicyEntry Read(PolicyReading reading, PolicyNode node)
    {
        bool read = _reader(reading, node, Key, out T? value);
        return new PolicyEntry(value, node.Place, read);
    }

    /// <inheritdoc/>
    public override string Describe(object? value) => value is null ? WithoutValue : _describe((T)value);
}
