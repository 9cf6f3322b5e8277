using HipaaFs.Fuse.Tests.Mounts;
using Xunit.Runner.InProc.SystemConsole;

namespace HipaaFs.Fuse.Tests;

/// <summary>Runs the tests, or serves one mount for them: nobody may wait for a mount that its own process serves.</summary>
internal static class Program
{
    internal const string ServeVerb = "serve-memory-file-system";

    private static async Task<int> Main(string[] args)
    {
        return args is [ServeVerb, string mountPoint, .. string[] options]
            ? await MemoryFileSystemServer.RunAsync(mountPoint, options)
            : await ConsoleRunner.Run(args);
    }
}
