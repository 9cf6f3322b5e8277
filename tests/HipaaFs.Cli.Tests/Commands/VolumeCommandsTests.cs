using System.Text.Json;
using Microsoft.Data.Sqlite;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

/// <summary>Commands that work on a volume without mounting it.</summary>
public sealed class VolumeCommandsTests : IDisposable
{
    private readonly VolumeDirectory _directory = new();

    private Dictionary<string, string> Environment => new() { ["HOME"] = Path.Combine(_directory.Root, "home") };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Init_WithoutAKey_MakesOneOutsideTheVolume()
    {
        CommandLineRun run = await InitAsync();

        Assert.True(run.Code == ExitCode.Done, run.Error);
        JsonElement result = run.Json.GetProperty("result");
        string key = result.GetProperty("key").GetString()!["file:".Length..];
        string id = result.GetProperty("volumeId").GetString()!;
        Assert.Equal(Path.Combine(_directory.Root, "home", ".config", "hipaafs", "keys", id + ".key"), key);
        AssertPrivate(key);
        AssertPrivate(Path.Combine(_directory.Volume, "volume.yaml"));
        Assert.True(result.GetProperty("keyCreated").GetBoolean());
        Assert.Equal($"file://{_directory.Volume}/store", result.GetProperty("store").GetString());
    }

    [Fact]
    public async Task Init_ThenConfigCheck_ShowsWhatHolds()
    {
        await InitAsync();

        CommandLineRun run = await CommandLineRun.OfAsync(
            new Dictionary<string, string> { ["HIPAAFS_MEMORY"] = "1GiB" }, "config", "check", _directory.Volume, "--json");

        JsonElement memory = run.Json.GetProperty("result").GetProperty("settings").EnumerateArray()
            .Single(setting => setting.GetProperty("key").GetString() == "memory");
        Assert.Equal("1GiB", memory.GetProperty("value").GetString());
        Assert.Equal("environment HIPAAFS_MEMORY", memory.GetProperty("from").GetString());
    }

    [Fact]
    public async Task Init_RecoveryKey_OpensTheVolumeToo()
    {
        string recovery = Path.Combine(_directory.Root, "recovery.key");
        CommandLineRun run = await CommandLineRun.OfAsync(Environment, "init", _directory.Volume, "--recovery-key", recovery);
        Assert.True(run.Code == ExitCode.Done, run.Error);
        AssertPrivate(recovery);

        CommandLineRun check = await CommandLineRun.OfAsync("fsck", _directory.Volume, "--key", $"file:{recovery}", "--json");

        Assert.True(check.Code == ExitCode.Done, check.Output);
        Assert.True(check.Json.GetProperty("result").GetProperty("clean").GetBoolean());
    }

    [Fact]
    public async Task Fsck_Repair_IsDoneWhenNothingIsLeft()
    {
        Assert.Equal(ExitCode.Done, (await InitAsync()).Code);
        Spoil("UPDATE inode SET links = 9");

        Assert.Equal(ExitCode.Integrity, (await CommandLineRun.OfAsync("fsck", _directory.Volume)).Code);
        Assert.Equal(ExitCode.Done, (await CommandLineRun.OfAsync("fsck", _directory.Volume, "--repair")).Code);
        Assert.Equal(ExitCode.Done, (await CommandLineRun.OfAsync("fsck", _directory.Volume)).Code);

        Spoil("INSERT INTO extent SELECT 1, 0, 1, 10, zeroblob(16), 0");
        Assert.Equal(ExitCode.Integrity, (await CommandLineRun.OfAsync("fsck", _directory.Volume, "--repair")).Code);
    }

    [Fact]
    public async Task Init_OverAFileOrAFullDirectory_ChangesNothing()
    {
        Directory.CreateDirectory(_directory.Volume);
        string inside = Path.Combine(_directory.Volume, "inside");
        await File.WriteAllTextAsync(inside, "kept");

        Assert.Equal(ExitCode.Usage, (await InitAsync()).Code);
        Assert.Equal(ExitCode.Usage, (await CommandLineRun.OfAsync(Environment, "init", inside, "--no-recovery-key")).Code);

        Assert.Equal("kept", await File.ReadAllTextAsync(inside));
        Assert.Single(Directory.GetFileSystemEntries(_directory.Volume));
        Assert.False(Directory.Exists(Path.Combine(_directory.Root, "home")));
    }

    [Fact]
    public async Task Init_StoreThatCannotBe_LeavesNothing()
    {
        string file = Path.Combine(_directory.Root, "file");
        await File.WriteAllTextAsync(file, "");

        CommandLineRun run = await CommandLineRun.OfAsync(
            Environment, "init", _directory.Volume, "--no-recovery-key", "--store", $"file://{file}/store");

        Assert.Equal(ExitCode.Store, run.Code);
        Assert.False(Directory.Exists(_directory.Volume));
        Assert.Empty(Directory.GetFiles(Path.Combine(_directory.Root, "home", ".config", "hipaafs", "keys")));
    }

    [Fact]
    public async Task Init_RecoveryKeyThatExists_IsNotOverwritten()
    {
        string recovery = Path.Combine(_directory.Root, "recovery.key");
        await File.WriteAllTextAsync(recovery, "precious");

        CommandLineRun run = await CommandLineRun.OfAsync(Environment, "init", _directory.Volume, "--recovery-key", recovery);

        Assert.Equal(ExitCode.Key, run.Code);
        Assert.Equal("precious", await File.ReadAllTextAsync(recovery));
        Assert.False(Directory.Exists(_directory.Volume));
    }

    [Fact]
    public async Task Init_KeyInsideTheVolume_IsRefused()
    {
        string inside = Path.Combine(_directory.Volume, "key");

        CommandLineRun run = await CommandLineRun.OfAsync(Environment, "init", _directory.Volume, "--recovery-key", inside);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.False(Directory.Exists(_directory.Volume));
    }

    [Fact]
    public async Task Init_KeyFileThatIsMissing_IsRefused()
    {
        CommandLineRun run = await CommandLineRun.OfAsync(
            Environment, "init", _directory.Volume, "--no-recovery-key", "--key", $"file:{_directory.Root}/none");

        Assert.Equal(ExitCode.Key, run.Code);
        Assert.Contains($"--new-key {_directory.Root}/none", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("bring the file back", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.Volume));
    }

    [Theory]
    [InlineData("")]
    [InlineData("file:")]
    public async Task Init_NewKey_IsMadeAtThatPlace(string prefix)
    {
        string key = Path.Combine(_directory.Root, "keys", "mine.key");

        CommandLineRun run = await CommandLineRun.OfAsync(Environment, "init", _directory.Volume, "--no-recovery-key", "--new-key", prefix + key, "--json");

        Assert.True(run.Code == ExitCode.Done, run.Output);
        AssertPrivate(key);
        Assert.Equal("file:" + key, run.Json.GetProperty("result").GetProperty("key").GetString());
        Assert.True(run.Json.GetProperty("result").GetProperty("keyCreated").GetBoolean());
        Assert.Equal(ExitCode.Done, (await CommandLineRun.OfAsync("fsck", _directory.Volume)).Code);
        Assert.False(Directory.Exists(Path.Combine(_directory.Root, "home")));
    }

    [Fact]
    public async Task Init_NewKeyThatExistsOrLiesInTheVolume_IsRefused()
    {
        string key = Path.Combine(_directory.Root, "mine.key");
        await File.WriteAllTextAsync(key, "precious");

        Assert.Equal(ExitCode.Key, (await CommandLineRun.OfAsync(Environment, "init", _directory.Volume, "--no-recovery-key", "--new-key", key)).Code);
        CommandLineRun inside = await CommandLineRun.OfAsync(
            Environment, "init", _directory.Volume, "--no-recovery-key", "--new-key", Path.Combine(_directory.Volume, "key"));
        Assert.Equal(ExitCode.Usage, inside.Code);

        Assert.Equal("precious", await File.ReadAllTextAsync(key));
        Assert.False(Directory.Exists(_directory.Volume));
    }

    [Fact]
    public async Task Init_PassphraseWithNobodyToAsk_IsRefused()
    {
        CommandLineRun run = await CommandLineRun.OfAsync(
            Environment, "init", _directory.Volume, "--no-recovery-key", "--key", "passphrase:");

        Assert.Equal(ExitCode.Key, run.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public async Task Init_EmptyPassphrase_IsRefused(string content)
    {
        string file = Path.Combine(_directory.Root, "passphrase");
        await File.WriteAllTextAsync(file, content);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        CommandLineRun run = await CommandLineRun.OfAsync(
            Environment, "init", _directory.Volume, "--no-recovery-key", "--key", $"passphrase:file:{file}");

        Assert.Equal(ExitCode.Key, run.Code);
    }

    [Fact]
    public async Task Key_ListAddRemove_ChangesWhatOpensTheVolume()
    {
        await InitAsync();
        string added = Path.Combine(_directory.Root, "added.key");

        CommandLineRun add = await CommandLineRun.OfAsync("key", "add-wrap", _directory.Volume, "--new-key", $"file:{added}", "--label", "spare", "--json");
        Assert.True(add.Code == ExitCode.Done, add.Output);
        string[] ids = await WrapsAsync();
        Assert.Equal(2, ids.Length);

        CommandLineRun remove = await CommandLineRun.OfAsync("key", "remove-wrap", _directory.Volume, ids[0], "--key", $"file:{added}", "--json");
        Assert.True(remove.Code == ExitCode.Done, remove.Output);
        Assert.Equal(ids[1], Assert.Single(await WrapsAsync()));
        Assert.Equal(ExitCode.Key, (await CommandLineRun.OfAsync("fsck", _directory.Volume)).Code);
        Assert.Equal(ExitCode.Done, (await CommandLineRun.OfAsync("fsck", _directory.Volume, "--key", $"file:{added}")).Code);
        Assert.Equal(ExitCode.Refused, (await CommandLineRun.OfAsync("key", "remove-wrap", _directory.Volume, ids[1], "--key", $"file:{added}")).Code);
        Assert.Equal(ExitCode.Usage, (await CommandLineRun.OfAsync("key", "remove-wrap", _directory.Volume, "x", "--key", $"file:{added}")).Code);
    }

    [Fact]
    public async Task Status_VolumeThatIsNotMounted_SaysSo()
    {
        await InitAsync();

        CommandLineRun run = await CommandLineRun.OfAsync("status", _directory.Volume, "--json");

        Assert.Equal("not mounted", run.Json.GetProperty("result")[0].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("wrong key")]
    [InlineData("garbage")]
    [InlineData("")]
    public async Task Fsck_KeyFileThatDoesNotFit_IsKey(string kind)
    {
        await InitAsync();
        string key = Path.Combine(_directory.Root, "other.key");
        if (kind == "wrong key")
        {
            Assert.True(HipaaFs.Crypto.FileKeyWrapper.Create(key).Succeeded);
        }
        else
        {
            await File.WriteAllTextAsync(key, kind);
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.Equal(ExitCode.Key, (await CommandLineRun.OfAsync("fsck", _directory.Volume, "--key", $"file:{key}")).Code);
    }

    private Task<CommandLineRun> InitAsync() => CommandLineRun.OfAsync(Environment, "init", _directory.Volume, "--no-recovery-key", "--json");

    private async Task<string[]> WrapsAsync()
    {
        CommandLineRun list = await CommandLineRun.OfAsync("key", "list", _directory.Volume, "--json");
        return [.. list.Json.GetProperty("result").EnumerateArray().Select(wrap => wrap.GetProperty("id").GetString()!)];
    }

    private static void AssertPrivate(string path) =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));

    private void Spoil(string sql)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(_directory.Volume, "metadata.db")};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = sql;
        Assert.True(command.ExecuteNonQuery() > 0);
    }
}
