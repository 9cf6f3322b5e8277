using System.Text.Json;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

/// <summary>Import, export and verify between directories.</summary>
public sealed class TransferCommandsTests : IDisposable
{
    private readonly VolumeDirectory _directory = new();

    private string Source => Path.Combine(_directory.Root, "source");

    private string Target => Path.Combine(_directory.Root, "target");

    public TransferCommandsTests()
    {
        Put("Study 1/slice-1.dcm", "one");
        Put("Study 1/Größe 100%.txt", "two");
        Put("empty", "");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Import_OfADirectory_CopiesContentTimesAndModesAndKeepsAManifest()
    {
        string file = Path.Combine(Source, "Study 1", "slice-1.dcm");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        File.SetLastWriteTimeUtc(file, new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc));

        CommandLineRun run = await RunAsync("import", "file://" + Source, Target, "--json");

        Assert.True(run.Code == ExitCode.Done, run.Error);
        Assert.Equal(3, run.Json.GetProperty("result").GetProperty("copied").GetInt32());
        string copy = Path.Combine(Target, "Study 1", "slice-1.dcm");
        Assert.Equal("one", await File.ReadAllTextAsync(copy));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(copy));
        Assert.Equal(new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc), File.GetLastWriteTimeUtc(copy));
        string[] manifest = await File.ReadAllLinesAsync(Path.Combine(Target, "manifest-sha256.txt"));
        Assert.Equal("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  Study 1/slice-1.dcm", manifest.Single(line => line.EndsWith("dcm", StringComparison.Ordinal)));
        Assert.Contains(manifest, line => line.EndsWith("  Study 1/Größe 100%25.txt", StringComparison.Ordinal));

        CommandLineRun verified = await RunAsync("verify", Path.Combine(Target, "manifest-sha256.txt"), "--json");
        Assert.True(verified.Code == ExitCode.Done, verified.Error + verified.Output);
        Assert.Equal(3, verified.Json.GetProperty("result").GetProperty("intact").GetInt32());
    }

    [Fact]
    public async Task Import_OfAFileThatRunsAsItsOwner_TakesThatFromIt()
    {
        string file = Path.Combine(Source, "empty");
        File.SetUnixFileMode(file, UnixFileMode.SetUser | UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.Equal(ExitCode.Done, (await RunAsync("import", Source, Target)).Code);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(Target, "empty")));
    }

    [Fact]
    public async Task Import_Again_CopiesWhatIsNewChangedOrGoneFromTheTarget()
    {
        await RunAsync("import", Source, Target);
        Put("new", "new");
        Put("empty", "no more");
        File.Delete(Path.Combine(Target, "Study 1", "slice-1.dcm"));
        File.Delete(Path.Combine(Source, "Study 1", "Größe 100%.txt"));

        CommandLineRun run = await RunAsync("import", Source, Target, "--json");

        JsonElement result = run.Json.GetProperty("result");
        Assert.Equal((3, 0, 1), (Number(result, "copied"), Number(result, "unchanged"), Number(result, "vanished")));
        Assert.Equal("no more", await File.ReadAllTextAsync(Path.Combine(Target, "empty")));
        Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(Target, "Study 1", "Größe 100%.txt"))); // An import takes nothing away.
        run = await RunAsync("import", Source, Target, "--json");
        Assert.Equal((0, 3), (Number(run.Json.GetProperty("result"), "copied"), Number(run.Json.GetProperty("result"), "unchanged")));
    }

    [Fact]
    public async Task Export_ToADirectory_MakesABagThatImportTakesBack()
    {
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "empty");
        CommandLineRun run = await RunAsync("export", Source, Target, "--json");

        Assert.Equal(ExitCode.Incomplete, run.Code);
        JsonElement failure = Assert.Single(run.Json.GetProperty("result").GetProperty("failures").EnumerateArray());
        Assert.Equal("link", failure.GetProperty("path").GetString());
        Assert.Equal("it is a symbolic link", failure.GetProperty("reason").GetString());
        Assert.StartsWith("BagIt-Version: 1.0\n", await File.ReadAllTextAsync(Path.Combine(Target, "bagit.txt")), StringComparison.Ordinal);
        Assert.Contains("Payload-Oxum: 6.3\n", await File.ReadAllTextAsync(Path.Combine(Target, "bag-info.txt")), StringComparison.Ordinal);
        Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(Target, "data", "Study 1", "slice-1.dcm")));
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", Target)).Code);

        string back = Path.Combine(_directory.Root, "back");
        run = await RunAsync("import", Target, back);
        Assert.True(run.Code == ExitCode.Done, run.Error + run.Output);
        Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(back, "Study 1", "Größe 100%.txt")));
        Assert.False(File.Exists(Path.Combine(back, "bagit.txt")));
    }

    [Fact]
    public async Task Export_Again_RemovesWhatIsGoneSoThatTheBagStaysOne()
    {
        await RunAsync("export", Source, Target);
        File.Delete(Path.Combine(Source, "empty"));
        Put("new", "new");

        CommandLineRun run = await RunAsync("export", Source, Target, "--json");

        JsonElement result = run.Json.GetProperty("result");
        Assert.Equal((1, 2, 1), (Number(result, "copied"), Number(result, "unchanged"), Number(result, "vanished")));
        Assert.False(File.Exists(Path.Combine(Target, "data", "empty")));
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", Target)).Code);
    }

    [Fact]
    public async Task Export_IntoADirectoryWithOtherFiles_IsRefused()
    {
        Directory.CreateDirectory(Target);
        await File.WriteAllTextAsync(Path.Combine(Target, "mine"), "mine");

        CommandLineRun run = await RunAsync("export", Source, Target);

        Assert.Equal(ExitCode.Refused, run.Code);
        Assert.False(File.Exists(Path.Combine(Target, "bagit.txt")));
    }

    [Theory]
    [InlineData("source", "source/inside")]
    [InlineData("source/Study 1", "source")]
    public async Task Copy_OfADirectoryIntoItself_IsRefused(string from, string to)
    {
        CommandLineRun run = await RunAsync("export", Path.Combine(_directory.Root, from), Path.Combine(_directory.Root, to));
        Assert.Equal(ExitCode.Usage, run.Code);
    }

    [Fact]
    public async Task Import_OfABagWithADamagedAMissingAndAnUnnamedFile_TakesTheOthersAndNamesThese()
    {
        await RunAsync("export", Source, Target);
        await File.WriteAllTextAsync(Path.Combine(Target, "data", "empty"), "x");
        File.Delete(Path.Combine(Target, "data", "Study 1", "Größe 100%.txt"));
        await File.WriteAllTextAsync(Path.Combine(Target, "data", "smuggled"), "x");
        string back = Path.Combine(_directory.Root, "back");

        CommandLineRun run = await RunAsync("import", Target, back, "--json");

        Assert.Equal(ExitCode.Incomplete, run.Code);
        JsonElement result = run.Json.GetProperty("result");
        Assert.Equal(
            ["data/Study 1/Größe 100%.txt", "data/empty", "data/smuggled"],
            result.GetProperty("failures").EnumerateArray().Select(failure => failure.GetProperty("path").GetString()));
        Assert.Equal(["Study 1/slice-1.dcm", "manifest-sha256.txt"], FilesIn(back));
        CommandLineRun verified = await RunAsync("verify", Target, "--json");
        Assert.Equal(ExitCode.Integrity, verified.Code);
        Assert.Equal(3, verified.Json.GetProperty("result").GetProperty("failures").GetArrayLength());
    }

    [Fact]
    public async Task Verify_OfABagWhoseManifestWasChanged_SaysSo()
    {
        await RunAsync("export", Source, Target);
        string manifest = Path.Combine(Target, "manifest-sha256.txt");
        File.AppendAllText(manifest, "\n");

        CommandLineRun run = await RunAsync("verify", Target, "--json");

        Assert.Equal(ExitCode.Integrity, run.Code);
        Assert.Equal("manifest-sha256.txt", Assert.Single(run.Json.GetProperty("result").GetProperty("failures").EnumerateArray()).GetProperty("path").GetString());
    }

    [Fact]
    public async Task Import_WithChecksums_HoldsTheFilesAgainstThem()
    {
        string list = Path.Combine(_directory.Root, "list");
        await File.WriteAllTextAsync(
            list, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed *Study 1/slice-1.dcm\n" + new string('0', 64) + "  ./empty\n");

        CommandLineRun run = await RunAsync("import", Source, Target, "--checksums", list, "--json");

        Assert.Equal(ExitCode.Incomplete, run.Code);
        Assert.Equal(["Study 1/slice-1.dcm", "manifest-sha256.txt"], FilesIn(Target));
        Assert.Equal(2, run.Json.GetProperty("result").GetProperty("failures").GetArrayLength());
    }

    [Fact]
    public async Task Import_OfADirectoryThatHasAFileOfTheManifestsName_AsksForAnother()
    {
        Put("manifest-sha256.txt", "theirs");
        CommandLineRun run = await RunAsync("import", Source, Target, "--json");
        Assert.Equal(ExitCode.Incomplete, run.Code);
        Assert.Equal("manifest-sha256.txt", Assert.Single(run.Json.GetProperty("result").GetProperty("failures").EnumerateArray()).GetProperty("path").GetString());
        Assert.DoesNotContain("theirs", await File.ReadAllTextAsync(Path.Combine(Target, "manifest-sha256.txt")), StringComparison.Ordinal);

        string list = Path.Combine(_directory.Root, "kept");
        Assert.Equal(ExitCode.Done, (await RunAsync("import", Source, Target, "--manifest", list)).Code);
        Assert.Equal("theirs", await File.ReadAllTextAsync(Path.Combine(Target, "manifest-sha256.txt")));
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", list, Target)).Code);
    }

    [Fact]
    public async Task Import_BesideTheListOfAnotherImport_IsRefused()
    {
        await RunAsync("import", Source, Target);
        string list = await File.ReadAllTextAsync(Path.Combine(Target, "manifest-sha256.txt"));
        string other = Path.Combine(_directory.Root, "other");
        Directory.CreateDirectory(other);
        await File.WriteAllTextAsync(Path.Combine(other, "more"), "more");

        Assert.Equal(ExitCode.Refused, (await RunAsync("import", other, Target)).Code);
        Assert.Equal(list, await File.ReadAllTextAsync(Path.Combine(Target, "manifest-sha256.txt")));
    }

    [Fact]
    public async Task Export_OfAnotherDirectoryIntoABag_IsRefused()
    {
        await RunAsync("export", Source, Target);
        string other = Path.Combine(_directory.Root, "other");
        Directory.CreateDirectory(other);
        await File.WriteAllTextAsync(Path.Combine(other, "empty"), "other");

        Assert.Equal(ExitCode.Refused, (await RunAsync("export", other, Target)).Code);
        Assert.Equal("", await File.ReadAllTextAsync(Path.Combine(Target, "data", "empty")));
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", Target)).Code);
    }

    [Fact]
    public async Task Export_OfADirectoryThatIsSuddenlyEmpty_RemovesNothing()
    {
        await RunAsync("export", Source, Target);
        Directory.Delete(Source, recursive: true);
        Directory.CreateDirectory(Source);

        CommandLineRun run = await RunAsync("export", Source, Target);

        Assert.Equal(ExitCode.Store, run.Code);
        Assert.Contains("is it mounted?", run.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", Target)).Code);
    }

    [Fact]
    public async Task Import_WhoseJournalWasCutOffBeforeALineEnd_LosesNoRecord()
    {
        await RunAsync("import", Source, Target);
        string journal = Directory.EnumerateFiles(Path.Combine(_directory.Root, "state", "hipaafs", "transfers")).Single();
        await using (FileStream file = File.OpenWrite(journal))
        {
            file.SetLength(file.Length - 1);
        }

        Put("new", "new");
        await RunAsync("import", Source, Target);
        CommandLineRun run = await RunAsync("import", Source, Target, "--json");
        Assert.Equal((0, 4), (Number(run.Json.GetProperty("result"), "copied"), Number(run.Json.GetProperty("result"), "unchanged")));
    }

    [Theory]
    [InlineData("no manifest")]
    [InlineData("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  ../outside")]
    [InlineData("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  /etc/passwd")]
    public async Task Verify_OfWhatIsNoManifest_SaysWhichLine(string line)
    {
        string list = Path.Combine(_directory.Root, "list");
        await File.WriteAllTextAsync(list, line + "\n");

        CommandLineRun run = await RunAsync("verify", list);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("line 1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_WhoseJournalWasCutOffInALine_CopiesThatFileOnceMore()
    {
        await RunAsync("import", Source, Target);
        string journal = Directory.EnumerateFiles(Path.Combine(_directory.Root, "state", "hipaafs", "transfers")).Single();
        await using (FileStream file = File.OpenWrite(journal))
        {
            file.SetLength(file.Length - 3);
        }

        CommandLineRun run = await RunAsync("import", Source, Target, "--json");

        Assert.True(run.Code == ExitCode.Done, run.Error);
        Assert.Equal((1, 2), (Number(run.Json.GetProperty("result"), "copied"), Number(run.Json.GetProperty("result"), "unchanged")));
    }

    [Fact]
    public async Task Json_OfWhatIsDoneInPart_IsAResultWithTheExitCodeOfThat()
    {
        string list = Path.Combine(_directory.Root, "list");
        await File.WriteAllTextAsync(list, new string('0', 64) + "  empty\n");

        CommandLineRun partly = await RunAsync("import", Source, Target, "--checksums", list, "--json");
        CommandLineRun damaged = await RunAsync("verify", list, Source, "--json");
        CommandLineRun failed = await RunAsync("verify", list + "-not", "--json");

        Assert.Equal((ExitCode.Incomplete, true, true), (partly.Code, IsOk(partly), partly.Json.TryGetProperty("result", out _)));
        Assert.Equal((ExitCode.Integrity, true, true), (damaged.Code, IsOk(damaged), damaged.Json.TryGetProperty("result", out _)));
        Assert.Equal((ExitCode.NotFound, false, false), (failed.Code, IsOk(failed), failed.Json.TryGetProperty("result", out _)));
        Assert.Equal((int)failed.Code, failed.Json.GetProperty("error").GetProperty("exitCode").GetInt32());

        static bool IsOk(CommandLineRun run) => run.Json.GetProperty("ok").GetBoolean();
    }

    [Fact]
    public async Task Verify_OrImport_WithAListThatIsNotThere_IsNotFound()
    {
        string missing = Path.Combine(_directory.Root, "none");

        foreach (string[] command in (string[][])[["verify", missing], ["import", Source, Target, "--checksums", missing]])
        {
            CommandLineRun run = await RunAsync(command);
            Assert.Equal(ExitCode.NotFound, run.Code);
            Assert.Contains($"{missing}: there is no such file", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ImportAndExport_LeaveNoNameOfAFileInTheirJournals()
    {
        await RunAsync("import", Source, Target);
        await RunAsync("export", Source, Path.Combine(_directory.Root, "bag"));

        string[] journals = Directory.GetFiles(Path.Combine(_directory.Root, "state"), "*", SearchOption.AllDirectories);
        Assert.Equal(2, journals.Length);
        foreach (string journal in journals)
        {
            string text = journal + await File.ReadAllTextAsync(journal);
            Assert.All(["Study", "slice", ".dcm", "Größe", "Gr\\u", " 100%", "empty"], name => Assert.DoesNotContain(name, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Import_WithAJournalThatNamesFiles_TakesItOverWithoutTheNames()
    {
        await RunAsync("import", Source, Target);
        string journal = Directory.EnumerateFiles(Path.Combine(_directory.Root, "state", "hipaafs", "transfers")).Single();
        var former = new List<string>();
        foreach (JsonElement line in (await File.ReadAllLinesAsync(journal)).Skip(1).Select(static line => JsonDocument.Parse(line).RootElement))
        {
            string sha256 = line.GetProperty("sha256").GetString()!;
            string path = sha256.StartsWith("7692", StringComparison.Ordinal) ? "Study 1/slice-1.dcm"
                : line.GetProperty("length").GetInt32() == 0 ? "empty" : "Study 1/Größe 100%.txt";
            former.Add(JsonSerializer.Serialize(new { path, length = line.GetProperty("length").GetInt32(), version = line.GetProperty("version").GetString(), sha256 }));
        }

        await File.WriteAllTextAsync(journal, string.Concat(former.Select(static line => line + "\n")));
        CommandLineRun run = await RunAsync("import", Source, Target, "--json");

        Assert.Equal((0, 3), (Number(run.Json.GetProperty("result"), "copied"), Number(run.Json.GetProperty("result"), "unchanged")));
        Assert.DoesNotContain("slice", await File.ReadAllTextAsync(journal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_AfterARunThatWroteNoManifest_RemovesWhatIsGone()
    {
        await RunAsync("export", Source, Target);
        File.Delete(Path.Combine(Target, "manifest-sha256.txt"));
        File.Delete(Path.Combine(Source, "empty"));

        CommandLineRun run = await RunAsync("export", Source, Target, "--json");

        Assert.Equal(1, Number(run.Json.GetProperty("result"), "vanished"));
        Assert.False(File.Exists(Path.Combine(Target, "data", "empty")));
        Assert.Equal(ExitCode.Done, (await RunAsync("verify", Target)).Code);
    }

    private static int Number(JsonElement result, string name) => result.GetProperty(name).GetInt32();

    private static IEnumerable<string> FilesIn(string directory) => Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(directory, file)).Order(StringComparer.Ordinal);

    private void Put(string path, string content)
    {
        string full = Path.Combine(Source, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }

    private Task<CommandLineRun> RunAsync(params string[] arguments) => CommandLineRun.OfAsync(
        new Dictionary<string, string> { ["HOME"] = _directory.Root, ["XDG_STATE_HOME"] = Path.Combine(_directory.Root, "state") }, arguments);
}
