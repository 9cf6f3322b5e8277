using HipaaFs.Fuse;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Benchmarks.NullFileSystem;

/// <summary>Serves the null file system until it is unmounted.</summary>
internal static class NullFileSystemServer
{
    internal static async Task<int> RunAsync(string mountPoint, bool keepAwake)
    {
        // The request for READDIR stays plain: there is nothing to look up.
        var options = new FuseSessionOptions
        {
            FileSystemName = "null",
            Subtype = "managed",
            KeepProcessorsAwake = keepAwake && Environment.IsPrivilegedProcess,
            Capabilities = FuseCapabilities.LocalFileSystem & ~(FuseCapabilities.ReadDirPlus | FuseCapabilities.ReadDirPlusAuto),
        };
        FuseSession session = FuseSession.Mount(mountPoint, new NullFileSystem(), options, NullLogger.Instance);
        await using (session)
        {
            session.Start();
            await session.WaitAsync();
        }

        return 0;
    }
}
