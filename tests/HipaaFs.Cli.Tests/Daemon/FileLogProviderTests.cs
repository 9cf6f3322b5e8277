using HipaaFs.Cli.Daemon;
using Microsoft.Extensions.Logging;
using Xunit;

namespace HipaaFs.Cli.Tests.Daemon;

public sealed class FileLogProviderTests : IDisposable
{
    private readonly VolumeDirectory _directory = new();

    private string LogPath => Path.Combine(_directory.Root, "log", "daemon.log");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Log_Lines_ArePrivateAndBounded()
    {
        using (var provider = new FileLogProvider(new FileLogOptions { Path = LogPath, MaxBytes = 2000, Keep = 2 }, TimeProvider.System))
        {
            Write(provider, "test", 200);
        }

        string[] files = [.. Directory.GetFiles(Path.Combine(_directory.Root, "log")).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        Assert.Equal(["daemon.log", "daemon.log.1", "daemon.log.2"], files);
        Assert.All(files, file =>
        {
            string path = Path.Combine(_directory.Root, "log", file);
            Assert.InRange(new FileInfo(path).Length, 1, 2000);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        });
        Assert.Contains("line 199", File.ReadAllText(LogPath), StringComparison.Ordinal);
    }

    [Fact]
    public void Log_SecondDaemon_Appends()
    {
        for (int round = 0; round < 2; round++)
        {
            using var provider = new FileLogProvider(new FileLogOptions { Path = LogPath }, TimeProvider.System);
            Write(provider, "test", 1);
        }

        Assert.Equal(2, File.ReadAllLines(LogPath).Length);
    }

    [Fact]
    public void Log_BelowTheLevelOrOfTheWebServer_IsLeftOut()
    {
        using (var provider = new FileLogProvider(new FileLogOptions { Path = LogPath, Level = LogLevel.Information }, TimeProvider.System))
        {
            Write(provider, "Microsoft.AspNetCore.Server", 5);
            Assert.False(provider.CreateLogger("test").IsEnabled(LogLevel.Debug));
        }

        Assert.Empty(File.ReadAllText(LogPath));
    }

    private static void Write(FileLogProvider provider, string category, int lines)
    {
        ILogger logger = provider.CreateLogger(category);
        for (int line = 0; line < lines; line++)
        {
            int number = line;
            logger.Log(LogLevel.Information, new EventId(1), number, null, static (state, _) => $"line {state}");
        }
    }
}
