using System.Net.Sockets;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Mounting;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

public sealed class StatusOfEndingDaemonTests
{
    [Fact]
    public async Task Status_DaemonEndsWhileItIsAsked_ShowsTheOthers()
    {
        using var directory = new VolumeDirectory();
        var copy = VolumeCopy.In(directory.Volume, Guid.NewGuid());
        RuntimeDirectory runtime = RuntimeDirectory.OfUser(Environment.GetEnvironmentVariable);
        runtime.Create(copy);
        try
        {
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(runtime.SocketOf(copy)));
            listener.Listen();
            Task daemon = Task.Run(async () =>
            {
                using Socket looked = await listener.AcceptAsync();
                using Socket asked = await listener.AcceptAsync();
                listener.Dispose();
            });

            CommandLineRun run = await CommandLineRun.OfAsync(new Dictionary<string, string>(), "status", "--json");

            await daemon;
            Assert.True(run.Code == ExitCode.Done, run.Error);
            Assert.DoesNotContain(copy.ToString(), run.Output, StringComparison.Ordinal);
        }
        finally
        {
            runtime.Remove(copy);
        }
    }
}
