using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Fuse.Tests.Mounts;

/// <summary>Serves the memory file system in a process of its own.</summary>
internal static class MemoryFileSystemServer
{
    internal const string NoWritebackOption = "no-writeback";
    internal const string FusermountOption = "fusermount";
    internal const string OneThreadOption = "one-thread";

    /// <summary>Ends the session, whatever is open, when standard input ends.</summary>
    internal const string EndOnInputOption = "end-on-input";

    internal static async Task<int> RunAsync(string mountPoint, string[] arguments)
    {
        FuseCapabilities capabilities = FuseCapabilities.LocalFileSystem & ~FuseCapabilities.PosixAcl;
        var options = new FuseSessionOptions
        {
            FileSystemName = "memory,test",
            Subtype = "hipaafstest",
            UseFusermount = arguments.Contains(FusermountOption),
            Threads = arguments.Contains(OneThreadOption) ? 1 : 4,
            ReadAheadKilobytes = 1024,
            Capabilities = arguments.Contains(NoWritebackOption) ? capabilities & ~FuseCapabilities.WritebackCache : capabilities,
        };
        try
        {
            FuseSession session = FuseSession.Mount(mountPoint, new MemoryFileSystem(), options, NullLogger.Instance);
            await using (session)
            {
                session.Start();
                Console.WriteLine($"{MemoryFileSystem.ReadyLine} {session.DeviceMajor}:{session.DeviceMinor}");
                if (arguments.Contains(EndOnInputOption))
                {
                    await Console.In.ReadToEndAsync();
                }
                else
                {
                    await session.WaitAsync();
                }
            }

            return 0;
        }
        catch (FuseMountException exception)
        {
            Console.WriteLine($"{exception.Reason}: {exception.Message}");
            return 1;
        }
    }
}
