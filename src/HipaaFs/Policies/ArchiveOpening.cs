namespace HipaaFs.Cli.Policies;

/// <summary>What opening an archived file does.</summary>
internal enum ArchiveOpening
{
    /// <summary>EREMOTE at once.</summary>
    Fail,

    /// <summary>A recall is begun; EINPROGRESS until it is done.</summary>
    Recall,

    /// <summary>A recall is begun, and the call waits.</summary>
    Block,
}
