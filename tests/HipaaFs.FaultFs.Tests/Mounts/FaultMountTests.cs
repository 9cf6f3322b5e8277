using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Mounts;

/// <summary>The fault disk through its mount.</summary>
public sealed class FaultMountTests : IAsyncLifetime
{
    private readonly string _work = Directory.CreateTempSubdirectory("hipaafs-disk-").FullName;
    private FaultMount? _mount;

    private FaultMount Mount => _mount!;

    public async ValueTask InitializeAsync()
    {
        string directory = Path.Combine(_work, "disk");
        Directory.CreateDirectory(directory);
        await Shell.CheckAsync("echo old > file", directory);
        _mount = await FaultMount.StartAsync(directory, Path.Combine(_work, "control"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null)
        {
            await _mount.DisposeAsync();
        }

        await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", _work);
    }

    [Fact]
    public async Task Cut_KeepsWhatWasSynced()
    {
        await Shell.CheckAsync("echo new > file; sync file; mkdir d; echo a > d/a; sync d/a d .; mv d/a d/b; ln d/b d/c; echo more >> d/b", Mount.Directory);
        int operations = await Mount.CountAsync();
        await Mount.UnmountAsync();

        Assert.Equal("old\n", await Shell.CheckAsync("cat file", Mount.Directory));
        await Mount.CutAsync(operations, "None strict 1");
        Assert.Equal("new\na\n", await Shell.CheckAsync("cat file d/a; test ! -e d/b", Mount.Directory));
        await Mount.CutAsync(operations, "All strict 1");
        Assert.Equal("a\nmore\n2\n", await Shell.CheckAsync("cat d/c; test ! -e d/a; stat -c %h d/b", Mount.Directory));
        await Mount.CutAsync(0, "None strict 1");
        Assert.Equal("old\n", await Shell.CheckAsync("cat file; test ! -e d", Mount.Directory));
    }

    [Fact]
    public async Task Fail_TheCallerGetsTheErrnoAndNothingChanges()
    {
        await Mount.SendAsync("fail Write file 2 28 always");
        await Mount.SendAsync("fail Create d/* 1 5 once");
        await Mount.SendAsync("fail Sync file 1 5 once");

        ProcessOutcome outcome = await Shell.RunAsync(
            "echo 1 > file; echo 2 > file || true; mkdir d; mkdir d/e || true; mkdir d/e; sync file || true; sync file; cat file", Mount.Directory);

        Assert.Contains("No space left on device", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, outcome.Error.Split("Input/output error").Length - 1);
        Assert.True(outcome.Succeeded, outcome.Describe());
        Assert.Equal("", outcome.Text);
        Assert.Equal("3", await Mount.SendAsync("hits"));
    }

    [Fact]
    public async Task SharedMapping_AndDatabase_Work()
    {
        MountPrerequisites.RequirePrograms("sqlite3");
        string text = await Shell.CheckAsync(
            "sqlite3 db 'PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(7); SELECT x FROM t; PRAGMA integrity_check'", Mount.Directory);

        Assert.Equal("wal\n7\nok\n", text);
    }
}
