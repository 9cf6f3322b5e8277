using HipaaFs.FaultFs.Disk;
using HipaaFs.Fuse;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.FaultFs;

/// <summary>Holds a directory's content in memory, serves it at that same directory, and lets a test take the power away.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is not [string directory, string control])
        {
            await Console.Error.WriteLineAsync("usage: HipaaFs.FaultFs DIRECTORY CONTROL-SOCKET");
            return 2;
        }

        var disk = new FaultDisk(directory, TimeProvider.System);
        var options = new FuseSessionOptions { FileSystemName = "faulty", Subtype = "hipaafsfault", Capabilities = FaultFileSystem.Capabilities };
        FuseSession session = FuseSession.Mount(directory, new FaultFileSystem(disk), options, NullLogger.Instance);
        await using (session)
        {
            session.Start();
            new ControlSocket(disk, () => session.Unmount().ToString()).Start(control);
            Console.WriteLine("ready");
            await Console.In.ReadToEndAsync(); // The disk lives as long as the test that started it.
        }

        return 0;
    }
}
