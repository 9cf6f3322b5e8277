using HipaaFs.FaultFs.Tests.Mounts;
using HipaaFs.Storage;
using HipaaFs.Testing.Mounts;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>A store in a directory whose disk fails: what it says is there, or gone, is so after a power cut.</summary>
public sealed class StoreDirectoryTests : IAsyncLifetime
{
    private static readonly ObjectKey Key = new("seg/4f/object");

    private readonly string _work = Directory.CreateTempSubdirectory("hipaafs-disk-").FullName;
    private FaultMount? _disk;

    private FaultMount Disk => _disk!;

    private string Path => System.IO.Path.Combine(Disk.Directory, "store", Key.Value);

    public async ValueTask InitializeAsync()
    {
        string directory = System.IO.Path.Combine(_work, "disk");
        Directory.CreateDirectory(directory);
        _disk = await FaultMount.StartAsync(directory, System.IO.Path.Combine(_work, "control"));
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
    public async Task Put_SyncOfItsDirectoryFailed_IsDurableOnceItIsSaidToExist()
    {
        await using (LocalDirectoryStore store = Open())
        {
            await Disk.SendAsync("fail SyncDirectory store/seg/4f 1 5 once");
            Assert.False((await PutAsync(store)).Succeeded);
            Assert.Equal(StoreError.AlreadyExists, (await PutAsync(store)).Error);
        }

        await CutAsync();
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(Path, default));
    }

    [Fact]
    public async Task Delete_SyncOfItsDirectoryFailed_IsDurableOnceItIsSaidToBeGone()
    {
        await using (LocalDirectoryStore store = Open())
        {
            Assert.True((await PutAsync(store)).Succeeded);
            await Disk.SendAsync("fail SyncDirectory store/seg/4f 1 5 once");
            Assert.False((await store.DeleteAsync(Key, default, default)).Succeeded);
            StoreResult<bool> again = await store.DeleteAsync(Key, default, default);
            Assert.True(again.Succeeded);
            Assert.False(again.Value);
        }

        await CutAsync();
        Assert.False(File.Exists(Path));
    }

    private LocalDirectoryStore Open() =>
        LocalDirectoryStore.Open(System.IO.Path.Combine(Disk.Directory, "store"), create: true, TimeProvider.System, NullLogger.Instance);

    private static ValueTask<StoreResult<ObjectProperties>> PutAsync(LocalDirectoryStore store) =>
        store.PutAsync(Key, new byte[] { 1, 2, 3 }, PutCondition.IfAbsent, default);

    private async Task CutAsync()
    {
        int operations = await Disk.CountAsync();
        await Disk.UnmountAsync();
        await Disk.CutAsync(operations, "None strict 1");
    }
}
