namespace HipaaFs.Fuse;

/// <summary>What follows the arguments and names of a request, and so what more has to be checked.</summary>
internal enum RequestTail
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Nothing, but a reply of the size in <see cref="FuseReadIn"/> must fit.</summary>
    ReadSize,

    /// <summary>Nothing, but a reply of the size in <see cref="FuseGetXattrIn"/> must fit.</summary>
    XattrSize,

    /// <summary>The data of a WRITE.</summary>
    WriteData,

    /// <summary>The value of SETXATTR.</summary>
    XattrValue,

    /// <summary>The array of BATCH_FORGET.</summary>
    Forgets,

    /// <summary>The input of IOCTL; its output must fit.</summary>
    IoctlData,
}
