using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>What a process that holds keys does to itself before it reads the first one.</summary>
public static class ProcessHardening
{
    /// <summary>Forbids core dumps and debugger attachment by other processes of the same user (PR_SET_DUMPABLE 0).</summary>
    public static void DisableDumps()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = LibC.prctl(LibC.PR_SET_DUMPABLE, 0, 0, 0, 0);
        }
    }
}
