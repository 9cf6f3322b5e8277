namespace HipaaFs;

/// <summary>How a file is opened, of open(2).</summary>
[Flags]
public enum OpenFlags
{
    /// <summary>Neither reading nor writing.</summary>
    None = 0,

    /// <summary>For reading.</summary>
    Read = 1,

    /// <summary>For writing.</summary>
    Write = 2,

    /// <summary>Every write goes to the end.</summary>
    Append = 4,

    /// <summary>The file is cut to length 0.</summary>
    Truncate = 8,

    /// <summary>Past the page cache.</summary>
    Direct = 16,

    /// <summary>Every write is durable when it returns (O_SYNC, O_DSYNC).</summary>
    Synchronous = 32,

    /// <summary>The caller lacks the privilege to keep set-uid and set-gid when it truncates.</summary>
    KillPrivileges = 64,
}
