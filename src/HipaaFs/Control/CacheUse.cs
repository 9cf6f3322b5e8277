namespace HipaaFs.Cli.Control;

/// <summary>What is to be done with the data of files in the cache.</summary>
internal enum CacheUse
{
    /// <summary>It is brought there.</summary>
    Warm,

    /// <summary>It is brought there and stays.</summary>
    Pin,

    /// <summary>It need not stay any more.</summary>
    Unpin,
}
