namespace HipaaFs.Cli.Policies;

/// <summary>Where in a policy file a field may stand.</summary>
[Flags]
internal enum PolicyScopes
{
    /// <summary>Nowhere.</summary>
    None = 0,

    /// <summary>In <c>defaults:</c> and in rules, for directories.</summary>
    Directory = 1,

    /// <summary>In the patterns below <c>files:</c>.</summary>
    Pattern = 2,

    /// <summary>In rules alone, for the whole tree below: a rule further down adds its own and replaces nothing.</summary>
    Tree = 4,
}
