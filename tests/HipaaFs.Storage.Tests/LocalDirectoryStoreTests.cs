using System.Diagnostics;
using System.Security.Cryptography;
using HipaaFs.Platform;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class LocalDirectoryStoreTests : IDisposable
{
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateDirectory = PrivateFile | UnixFileMode.UserExecute;

    private readonly ScratchDirectory _scratch = new();

    private string Root => _scratch["store"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Open_MissingRoot_IsUnavailableAndNothingIsCreated()
    {
        StoreOpenException refused = Assert.Throws<StoreOpenException>(() => Open(create: false));

        Assert.Equal(StoreError.Unavailable, refused.Error);
        Assert.False(Directory.Exists(Root));
    }

    [Fact]
    public void Open_RootIsAFile_IsRefused()
    {
        File.WriteAllText(Root, string.Empty);
        Assert.Equal(StoreError.InvalidRequest, Assert.Throws<StoreOpenException>(() => Open(create: true)).Error);
    }

    [Fact]
    public async Task Open_WithCreate_MakesPrivateDirectories()
    {
        string nested = Path.Combine(Root, "a", "b");
        await using LocalDirectoryStore store = LocalDirectoryStore.Open(nested, create: true, TimeProvider.System, NullLogger.Instance);

        Assert.Equal(PrivateDirectory, ModeOf(Root));
        Assert.Equal(PrivateDirectory, ModeOf(nested));
    }

    [Fact]
    public async Task Open_RootIsASymbolicLink_UsesItsTarget()
    {
        Directory.CreateDirectory(_scratch["real"]);
        Directory.CreateSymbolicLink(Root, _scratch["real"]);
        await using LocalDirectoryStore store = Open(create: false);

        Assert.True((await PutAsync(store, "one", 10)).Succeeded);
        Assert.True(File.Exists(Path.Combine(_scratch["real"], "one")));
    }

    [Fact]
    public async Task Put_LeavesOnePrivateFileAtTheKeysPath()
    {
        await using LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "seg/ab/one", 10);
        await PutAsync(store, "seg/ab/one", 20);
        await store.PutAsync(new ObjectKey("seg/ab/one"), new byte[3], PutCondition.IfAbsent, default);

        string file = Assert.Single(Directory.GetFiles(Root, "*", SearchOption.AllDirectories));
        Assert.Equal(Path.Combine(Root, "seg", "ab", "one"), file);
        Assert.Equal(PrivateFile, ModeOf(file));
        Assert.Equal(PrivateDirectory, ModeOf(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public async Task PutFile_OnTheSameFileSystem_IsAHardLink()
    {
        await using LocalDirectoryStore store = Open(create: true);
        UploadSource source = Source(_scratch["source"], 5000);
        foreach (PutCondition condition in new[] { PutCondition.IfAbsent, PutCondition.None, PutCondition.None })
        {
            Assert.True((await store.PutFileAsync(new ObjectKey("seg/one"), source, new PutOptions { Condition = condition }, default)).Succeeded);
        }

        Assert.Equal(FileStatus.Of(source.Path)!.Value.Inode, FileStatus.Of(Path.Combine(Root, "seg", "one"))!.Value.Inode);
        Assert.Equal(2u, FileStatus.Of(source.Path)!.Value.Links);
        Assert.Single(Directory.GetFiles(Root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task PutFile_ThatMayNotLink_SharesNothing()
    {
        await using LocalDirectoryStore store = Open(create: true);
        UploadSource source = Source(_scratch["source"], 3_000_000);
        string placed = Path.Combine(Root, "one");
        foreach (PutCondition condition in new[] { PutCondition.IfAbsent, PutCondition.None })
        {
            Assert.True((await store.PutFileAsync(new ObjectKey("one"), source, new PutOptions { Condition = condition, MayLink = false }, default)).Succeeded);
            Assert.NotEqual(FileStatus.Of(source.Path)!.Value.Inode, FileStatus.Of(placed)!.Value.Inode);
        }

        Assert.Equal((1u, 1u), (FileStatus.Of(source.Path)!.Value.Links, FileStatus.Of(placed)!.Value.Links));
        Assert.Equal(await File.ReadAllBytesAsync(source.Path), await File.ReadAllBytesAsync(placed));
    }

    [Fact]
    public async Task PutFile_FromAnotherFileSystem_IsACopyThatIsVerified()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "no /dev/shm");
        using var elsewhere = new ScratchDirectory("/dev/shm");
        await using LocalDirectoryStore store = Open(create: true);
        Assert.SkipWhen(FileStatus.Of(elsewhere.FullPath)!.Value.Device == FileStatus.Of(Root)!.Value.Device, "one file system");
        UploadSource source = Source(elsewhere["source"], 3_000_000);

        StoreResult<ObjectProperties> refused = await store.PutFileAsync(
            new ObjectKey("bad"), source with { Sha256 = new byte[32] }, PutOptions.Default, default);
        Assert.Equal(StoreError.Corrupt, refused.Error);
        Assert.Empty(Directory.GetFiles(Root, "*", SearchOption.AllDirectories));

        ObjectProperties copied = (await store.PutFileAsync(new ObjectKey("good"), source, PutOptions.Default, default)).Value;
        Assert.True(copied.Sha256.IsEmpty); // Nobody has seen what was written: the caller reads it back.
        Assert.Equal(await File.ReadAllBytesAsync(source.Path), await File.ReadAllBytesAsync(Path.Combine(Root, "good")));
        Assert.Equal(PrivateFile, ModeOf(Path.Combine(Root, "good")));
    }

    [Fact]
    public async Task PutFile_SourceIsASymbolicLink_IsRefused()
    {
        await using LocalDirectoryStore store = Open(create: true);
        UploadSource source = Source(_scratch["source"], 100);
        File.CreateSymbolicLink(_scratch["link"], source.Path);

        Assert.Equal(
            StoreError.InvalidRequest,
            (await store.PutFileAsync(new ObjectKey("one"), source with { Path = _scratch["link"] }, PutOptions.Default, default)).Error);
    }

    [Fact]
    public async Task PutIfAbsent_AgainstOtherProcesses_ExactlyOneWins()
    {
        await using LocalDirectoryStore store = Open(create: true);
        var rivals = new List<Process>();
        for (int i = 0; i < 4; i++)
        {
            // Each rival is a process that does what a second daemon would: link its own file to the name, once for each round.
            string own = _scratch[$"rival{i}"];
            await File.WriteAllTextAsync(own, $"rival {i}");
            string script = "for n in 0 1 2 3 4 5 6 7 8 9; do until [ -e \"$2/go$n\" ]; do :; done; "
                + "ln \"$1\" \"$2/store/claim$n\" 2>/dev/null && echo $n; done; exit 0";
            rivals.Add(Process.Start(new ProcessStartInfo("sh", ["-c", script, "sh", own, _scratch.FullPath]) { RedirectStandardOutput = true })!);
        }

        int wins = 0;
        for (int round = 0; round < 10; round++)
        {
            await File.WriteAllTextAsync(_scratch[$"go{round}"], string.Empty);
            wins += (await store.PutAsync(new ObjectKey($"claim{round}"), "ours"u8.ToArray(), PutCondition.IfAbsent, default)).Succeeded ? 1 : 0;
        }

        foreach (Process rival in rivals)
        {
            wins += (await rival.StandardOutput.ReadToEndAsync()).Count(character => character == '\n');
            await rival.WaitForExitAsync();
            rival.Dispose();
        }

        Assert.Equal(10, wins);
    }

    [Fact]
    public async Task Put_KeyIsADirectoryOrBelowAFile_IsInvalid()
    {
        await using LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "a/b", 1);

        Assert.Equal(StoreError.InvalidRequest, (await PutAsync(store, "a", 1)).Error);
        Assert.Equal(StoreError.InvalidRequest, (await store.PutAsync(new ObjectKey("a"), new byte[1], PutCondition.IfAbsent, default)).Error);
        Assert.Equal(StoreError.InvalidRequest, (await PutAsync(store, "a/b/c", 1)).Error);
        Assert.Equal(StoreError.InvalidRequest, (await PutAsync(store, "a/b/c/d", 1)).Error);
        Assert.Single(Directory.GetFiles(Root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Put_DirectoryRemovedByOthers_SucceedsOnRepeat()
    {
        await using LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "seg/ab/one", 1);
        Directory.Delete(Path.Combine(Root, "seg"), recursive: true);

        Assert.Equal(StoreError.Unavailable, (await PutAsync(store, "seg/ab/two", 1)).Error);
        Assert.True((await PutAsync(store, "seg/ab/two", 1)).Succeeded);
    }

    [Fact]
    public async Task RootGone_EveryRequest_IsUnavailable()
    {
        await using LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "seg/one", 10);
        UploadSource source = Source(_scratch["source"], 10);
        Directory.Move(Root, _scratch["unplugged"]);

        Assert.Equal(StoreError.Unavailable, (await ReadAsync(store, "seg/one")).Error);
        Assert.Equal(StoreError.Unavailable, (await PutAsync(store, "seg/two", 1)).Error);
        Assert.Equal(StoreError.Unavailable, (await store.PutFileAsync(new ObjectKey("x"), source, PutOptions.Default, default)).Error);
        Assert.Equal(StoreError.Unavailable, (await store.GetPropertiesAsync(new ObjectKey("seg/one"), default)).Error);
        Assert.Equal(StoreError.Unavailable, (await store.ListAsync(string.Empty, null, 1, default)).Error);
        Assert.Equal(StoreError.Unavailable, (await store.DeleteAsync(new ObjectKey("seg/one"), EntityTag.Any, default)).Error);
        Assert.False(Directory.Exists(Root));

        Directory.Move(_scratch["unplugged"], Root);
        Assert.Equal(10, (await ReadAsync(store, "seg/one")).Value);
    }

    [Fact]
    public async Task Unmounted_MountPointLeftEmpty_IsUnavailable()
    {
        Directory.CreateDirectory(Root);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "none", Root), "tmpfs cannot be mounted here");
        LocalDirectoryStore store;
        try
        {
            store = Open(create: false);
            await PutAsync(store, "one", 10);
        }
        finally
        {
            Assert.True(Run("umount", "-l", Root));
        }

        await using (store)
        {
            Assert.Equal(StoreError.Unavailable, (await ReadAsync(store, "one")).Error);
            Assert.Equal(StoreError.Unavailable, (await PutAsync(store, "two", 10)).Error);
            Assert.Equal(StoreError.Unavailable, (await store.ListAsync(string.Empty, null, 1, default)).Error);
            Assert.Equal(StoreError.Unavailable, (await store.DeleteAsync(new ObjectKey("one"), EntityTag.Any, default)).Error);
            Assert.Empty(Directory.GetFileSystemEntries(Root));
        }
    }

    [Fact]
    public async Task Put_DiskFull_IsNoSpaceAndLeavesTheFormerObject()
    {
        Directory.CreateDirectory(Root);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "none", Root), "tmpfs cannot be mounted here");
        try
        {
            await using LocalDirectoryStore store = Open(create: false);
            await PutAsync(store, "one", 1000);

            Assert.Equal(StoreError.NoSpace, (await PutAsync(store, "one", 2_000_000)).Error);
            Assert.Equal(
                StoreError.NoSpace,
                (await store.PutFileAsync(new ObjectKey("two"), Source(_scratch["source"], 2_000_000), PutOptions.Default, default)).Error);
            Assert.Equal(1000, (await ReadAsync(store, "one")).Value);
            Assert.Single(Directory.GetFiles(Root, "*", SearchOption.AllDirectories));
        }
        finally
        {
            Assert.True(Run("umount", "-l", Root));
        }
    }

    [Fact]
    public async Task Temporaries_OfDeadWriters_AreNeverListedAndGoAfterADay()
    {
        Directory.CreateDirectory(Path.Combine(Root, "seg", "ab"));
        string left = Path.Combine(Root, "seg", "ab", ".tmp-0123456789abcdef");
        await File.WriteAllTextAsync(left, "half an object");
        var clock = new ManualTimeProvider(DateTimeOffset.UtcNow + TimeSpan.FromHours(23));

        await using (LocalDirectoryStore young = LocalDirectoryStore.Open(Root, create: false, clock, NullLogger.Instance))
        {
            Assert.Equal(0, await young.Sweeping);
            Assert.Empty((await young.ListAsync(string.Empty, null, 10, default)).Value.Objects);
        }

        clock.Advance(TimeSpan.FromHours(2));
        await using LocalDirectoryStore old = LocalDirectoryStore.Open(Root, create: false, clock, NullLogger.Instance);
        Assert.Equal(1, await old.Sweeping);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task List_ForeignFiles_AreNotObjects()
    {
        await using LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "one", 1);
        foreach (string name in new[] { "UPPER", ".hidden", "sp ace", "umläut" })
        {
            await File.WriteAllTextAsync(Path.Combine(Root, name), "x");
        }

        Directory.CreateDirectory(Path.Combine(Root, "lost+found"));
        await File.WriteAllTextAsync(Path.Combine(Root, "lost+found", "x"), "x");
        File.CreateSymbolicLink(Path.Combine(Root, "link"), Path.Combine(Root, "one"));

        Assert.Equal("one", Assert.Single((await store.ListAsync(string.Empty, null, 10, default)).Value.Objects).Key.Value);
    }

    [Fact]
    public async Task Read_ManyObjects_HoldsABoundedNumberOpen()
    {
        await using LocalDirectoryStore store = Open(create: true);
        for (int i = 0; i < 200; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(Root, $"o{i}"), "content");
        }

        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), async (i, _) =>
            Assert.Equal(7, (await ReadAsync(store, $"o{i * 7919 % 200}")).Value));
        Assert.InRange(store.OpenCount, 1, 128);
    }

    [Fact]
    public async Task Read_FileReplacedByAnotherProcess_ShowsTheNewOne()
    {
        await using LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "one", 10);
        Assert.Equal(10, (await ReadAsync(store, "one")).Value);
        await File.WriteAllTextAsync(_scratch["new"], "replaced");
        File.Move(_scratch["new"], Path.Combine(Root, "one"), overwrite: true);

        Assert.Equal(8, (await ReadAsync(store, "one")).Value);
        Assert.Equal(1, store.OpenCount);
    }

    [Fact]
    public async Task Dispose_ClosesFilesAndMayBeRepeated()
    {
        LocalDirectoryStore store = Open(create: true);
        await PutAsync(store, "one", 10);
        await ReadAsync(store, "one");
        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.Equal(0, store.OpenCount);
    }

    private static UnixFileMode ModeOf(string path)
    {
        return OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);
    }

    private static UploadSource Source(string path, int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length);
        File.WriteAllBytes(path, content);
        return new UploadSource(path, length) { Sha256 = SHA256.HashData(content) };
    }

    private static async Task<StoreResult<ObjectProperties>> PutAsync(LocalDirectoryStore store, string key, int length) =>
        await store.PutAsync(new ObjectKey(key), RandomNumberGenerator.GetBytes(length), PutCondition.None, default);

    private static async Task<StoreResult<int>> ReadAsync(LocalDirectoryStore store, string key) =>
        await store.ReadAsync(new ObjectKey(key), EntityTag.Any, 0, new byte[4096], default);

    private static bool Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private LocalDirectoryStore Open(bool create) => LocalDirectoryStore.Open(Root, create, TimeProvider.System, NullLogger.Instance);
}
