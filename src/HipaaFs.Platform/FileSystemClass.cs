namespace HipaaFs.Platform;

/// <summary>What may be expected of a file system's locks, syncs and shared mappings.</summary>
public enum FileSystemClass
{
    /// <summary>On a disk of this machine.</summary>
    Local,

    /// <summary>In memory; gone after a restart of the machine.</summary>
    Memory,

    /// <summary>On another machine, or shared with others: locks and mappings are not to be trusted with a database.</summary>
    Network,

    /// <summary>Served by a program of this machine (FUSE); what is behind it is not known.</summary>
    UserSpace,
}
