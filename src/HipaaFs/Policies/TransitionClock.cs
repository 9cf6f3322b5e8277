namespace HipaaFs.Cli.Policies;

/// <summary>From when the age counts after which a file changes its tier or store.</summary>
internal enum TransitionClock
{
    /// <summary>The last change of its content.</summary>
    Write,

    /// <summary>The last read or change of its content.</summary>
    Read,
}
