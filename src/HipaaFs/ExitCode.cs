namespace HipaaFs.Cli;

/// <summary>What a command tells the shell that started it. The numbers are a contract and never change their meaning.</summary>
internal enum ExitCode
{
    /// <summary>Everything that was asked for is done.</summary>
    Done = 0,

    /// <summary>The command failed for a reason that has no number of its own: the machine, the disk, a defect.</summary>
    Failed = 1,

    /// <summary>The command line is wrong: an unknown option, a missing argument, a mount point that cannot be one.</summary>
    Usage = 2,

    /// <summary>volume.yaml, or an environment variable that overrides it, is wrong.</summary>
    Configuration = 3,

    /// <summary>The key is missing, unreadable, damaged, or not the one that opens this volume.</summary>
    Key = 4,

    /// <summary>The store cannot be reached or refused what it was asked.</summary>
    Store = 5,

    /// <summary>Something stored is not what was written: damaged, or changed by someone else.</summary>
    Integrity = 6,

    /// <summary>Another mount, process or machine holds the volume.</summary>
    HeldByAnother = 7,

    /// <summary>There is no volume, mount or file at the given place.</summary>
    NotFound = 8,

    /// <summary>Part of the work is done, part is not; the output says which.</summary>
    Incomplete = 9,

    /// <summary>The volume's rules, or the driver's own for the sake of safety, forbid what was asked.</summary>
    Refused = 10,

    /// <summary>The volume is in a format that this version cannot read.</summary>
    UnsupportedFormat = 11,
}
