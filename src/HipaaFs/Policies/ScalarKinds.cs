namespace HipaaFs.Cli.Policies;

/// <summary>The kinds of value that YAML tells apart; together, those that a place accepts.</summary>
[Flags]
internal enum ScalarKinds
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>Text, quoted or not.</summary>
    Text = 1,

    /// <summary>A number without quotes.</summary>
    Number = 2,

    /// <summary>True or false without quotes.</summary>
    Truth = 4,

    /// <summary>Nothing, or null without quotes.</summary>
    Nothing = 8,
}
