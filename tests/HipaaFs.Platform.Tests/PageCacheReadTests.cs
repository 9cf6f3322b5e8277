using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class PageCacheReadTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Read_JustWritten_GivesWhatIsThere()
    {
        byte[] content = RandomNumberGenerator.GetBytes(100_000);
        File.WriteAllBytes(_path, content);
        using SafeFileHandle file = DurableFile.OpenRead(_path);
        byte[] read = new byte[50_000];

        int length = PageCacheRead.Read(file, read, 20_000);

        Assert.Equal(content.AsSpan(20_000, length), read.AsSpan(0, length));
        Assert.Equal(50_000, length);
    }

    [Fact]
    public void Read_PastEndOfFile_ReturnsZero()
    {
        File.WriteAllBytes(_path, new byte[10]);
        using SafeFileHandle file = DurableFile.OpenRead(_path);

        Assert.Equal(0, PageCacheRead.Read(file, new byte[16], 10));
    }

    [Fact]
    public void Read_NotInThePageCache_NeverGivesOtherBytes()
    {
        byte[] content = RandomNumberGenerator.GetBytes(1 << 20);
        File.WriteAllBytes(_path, content);
        using (SafeFileHandle written = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite))
        {
            DurableFile.SyncData(written);
            DurableFile.DontNeed(written, 0, 0);
        }

        using SafeFileHandle file = DurableFile.OpenRead(_path);
        byte[] read = new byte[content.Length];

        int length = PageCacheRead.Read(file, read, 0);

        Assert.InRange(length, 0, content.Length);
        Assert.Equal(content.AsSpan(0, length), read.AsSpan(0, length));
    }
}
