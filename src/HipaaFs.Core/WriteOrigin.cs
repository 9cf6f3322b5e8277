namespace HipaaFs;

/// <summary>Where written bytes come from, which decides who keeps the times and the set-uid bit.</summary>
[Flags]
public enum WriteOrigin
{
    /// <summary>write(2) itself: the modification time is now.</summary>
    Direct = 0,

    /// <summary>The kernel's page cache, long after write(2): the kernel keeps the times and sends them itself.</summary>
    PageCache = 1,

    /// <summary>The writer lacks the privilege to keep set-uid and set-gid.</summary>
    KillPrivileges = 2,
}
