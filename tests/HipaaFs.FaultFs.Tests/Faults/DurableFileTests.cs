using HipaaFs.FaultFs.Tests.Mounts;
using HipaaFs.Platform;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>A small file is replaced on a disk that fails: who did it knows which content everybody sees.</summary>
public sealed class DurableFileTests : IAsyncLifetime
{
    private readonly string _work = Directory.CreateTempSubdirectory("hipaafs-disk-").FullName;
    private FaultMount? _disk;

    private FaultMount Disk => _disk!;

    private string Place => Path.Combine(Disk.Directory, "d");

    private string File => Path.Combine(Place, "file");

    public async ValueTask InitializeAsync()
    {
        string directory = Path.Combine(_work, "disk");
        Directory.CreateDirectory(Path.Combine(directory, "d"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(directory, "d", "file"), "old");
        _disk = await FaultMount.StartAsync(directory, Path.Combine(_work, "control"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_disk is not null)
        {
            await _disk.DisposeAsync();
        }

        await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", _work);
    }

    [Fact]
    public async Task Rewrite_SyncOfTheDirectoryFails_HasTheNewContentAndSaysSo()
    {
        await Disk.SendAsync("fail SyncDirectory d 1 5 once");

        Assert.False(DurableFile.Rewrite(File, "new"u8));

        AssertIs("new");
        Assert.True(DurableFile.Rewrite(File, "newer"u8));
        AssertIs("newer");
    }

    [Fact]
    public async Task Rewrite_TheFileCannotBeWritten_LeavesTheOldContent()
    {
        await Disk.SendAsync("fail Sync d/.file.* 1 5 once");

        Assert.ThrowsAny<IOException>(() => DurableFile.Rewrite(File, "new"u8));

        AssertIs("old");
    }

    [Fact]
    public async Task Replace_SyncOfTheDirectoryFails_IsNoSuccess()
    {
        await Disk.SendAsync("fail SyncDirectory d 1 5 once");

        Assert.ThrowsAny<IOException>(() => DurableFile.Replace(File, "new"u8));

        AssertIs("new");
    }

    private void AssertIs(string content)
    {
        Assert.Equal(content, System.IO.File.ReadAllText(File));
        Assert.Equal([File], Directory.GetFileSystemEntries(Place));
    }
}
