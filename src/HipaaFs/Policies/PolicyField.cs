namespace HipaaFs.Cli.Policies;

/// <summary>One thing that a policy says of directories or files.</summary>
internal abstract class PolicyField
{
    /// <summary>Describes a field.</summary>
    protected PolicyField(string key, PolicyScopes scopes)
    {
        Key = key;
        Scopes = scopes;
    }

    /// <summary>Its key in the file; a dot stands for one level of nesting.</summary>
    public string Key { get; }

    /// <summary>Where it may stand.</summary>
    public PolicyScopes Scopes { get; }

    /// <summary>The first word of its key.</summary>
    public string Head => Key.Split('.')[0];

    /// <summary>What holds when nothing is said.</summary>
    public abstract object? DefaultValue { get; }

    /// <summary>Reads what is said.</summary>
    public abstract PolicyEntry Read(PolicyReading reading, PolicyNode node);

    /// <summary>A value in words for people.</summary>
    public abstract string Describe(object? value);
}
