using System.Text.Json;
using System.Text.RegularExpressions;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Snapshots;

/// <summary>Snapshots as programs and people meet them: below .snapshots, by command, and mounted.</summary>
public sealed class SnapshotTests
{
    [Fact]
    public async Task Snapshot_OfAMount_HoldsWhatTheKernelHeldBack()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string script = $"""
            import mmap, os, subprocess, sys
            file = os.open("open", os.O_RDWR | os.O_CREAT, 0o644)
            os.write(file, b"w" * 100000)
            mapped = os.open("mapped", os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(mapped, 1 << 16)
            view = mmap.mmap(mapped, 1 << 16)
            view[:5] = b"hello"
            subprocess.run(["{DriverExecutable.Locate()}", "snapshot", "create", "{volume.Root}", "held"], check=True)
            os.pwrite(file, b"x" * 100000, 0)
            view[:5] = b"later"
            view.flush()
            os.fsync(file)
            print(open(".snapshots/held/open", "rb").read() == b"w" * 100000, open(".snapshots/held/mapped", "rb").read(5))
            """;

        string output = await Shell.CheckAsync(
            $"export HOME='{volume.Home}' XDG_RUNTIME_DIR='{volume.Work}/run'\npython3 - <<'END'\n{script}\nEND", volume.Root);

        Assert.EndsWith("True b'hello'", output.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SnapshotDirectory_AsSnapshotsComeAndGo_ShowsWhatIsThere()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { MountOptions = "snapdir=visible" });
        await volume.ShellAsync("mkdir tree && echo one > tree/a && ln -s a tree/l && truncate -s 1M tree/sparse && chmod 640 tree/a");
        await volume.ShellAsync("ls -A | grep -qx .snapshots && test -z \"$(ls .snapshots)\" && test ! -e .snapshots/s");

        (await volume.RunAsync("snapshot", "create", volume.Root, "s")).EnsureSucceeded();
        await volume.ShellAsync("test \"$(ls .snapshots)\" = s && cp -a .snapshots/s/tree copy && diff -r tree copy && test \"$(stat -c %a copy/a)\" = 640");
        await volume.ShellAsync("test \"$(stat -c %i .snapshots/s/tree/a)\" != \"$(stat -c %i tree/a)\"");
        await volume.ShellAsync("cd .snapshots/s/tree && ls -la .. ../.. ../../.. > /dev/null");
        await volume.ShellAsync("if mkdir .snapshots/x 2> /dev/null || rmdir .snapshots 2> /dev/null || mv tree .snapshots/s 2> /dev/null; then exit 1; fi");
        (await volume.RunAsync("snapshot", "delete", volume.Root, "s")).EnsureSucceeded();
        await volume.ShellAsync("test -z \"$(ls .snapshots)\" && test ! -e .snapshots/s/tree/a && test \"$(cat copy/a)\" = one");

        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Mount_OfASnapshotOrATime_ShowsItReadOnly()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo one > a");
        (await volume.RunAsync("snapshot", "create", volume.Root, "first")).EnsureSucceeded();
        string time = (await Shell.CheckAsync("date -u +%Y-%m-%dT%H:%M:%S.%NZ", volume.Work)).Trim();
        await volume.ShellAsync("echo two > a && echo new > b");
        (await volume.RunAsync("snapshot", "create", volume.Root, "second")).EnsureSucceeded();
        await volume.UnmountAsync();

        int shown = 0;
        foreach (string option in new[] { "snapshot=first", $"at={time}" })
        {
            await volume.MountAsync(option);
            shown++;
            await Eventually.TrueAsync(() => Regex.Count(volume.Log, "It shows snapshot first of 20..-..-.. ..:..:..Z") == shown, "the mount says what it shows");
            Assert.Matches("shows +snapshot first of 20..-..-.. ..:..:..Z", (await volume.RunAsync("status", volume.Root)).EnsureSucceeded().Text);
            using JsonDocument status = JsonDocument.Parse((await volume.RunAsync("status", volume.Root, "--json")).EnsureSucceeded().Text);
            Assert.Equal("first", status.RootElement.GetProperty("result")[0].GetProperty("snapshot").GetProperty("name").GetString());
            await volume.ShellAsync("test \"$(cat a)\" = one && test ! -e b && test ! -e .snapshots && if touch c 2> /dev/null; then exit 1; fi");
            await volume.UnmountAsync();
        }

        await volume.MountAsync();
        await volume.ShellAsync("test \"$(cat a)\" = two && test \"$(cat .snapshots/first/a)\" = one && test \"$(cat .snapshots/second/b)\" = new");
    }

    [Fact]
    public async Task Command_EachFailure_HasItsExitCode()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo one > a");
        (await volume.RunAsync("snapshot", "create", volume.Root, "PatientMiller")).EnsureSucceeded();
        await volume.ShellAsync("mv a b");

        await ExpectAsync(1, "create", volume.Root, "PatientMiller");
        await ExpectAsync(2, "create", volume.Root, "a/b");
        await ExpectAsync(8, "delete", volume.Root, "missing");
        await ExpectAsync(8, "diff", volume.Root, "missing");
        await ExpectAsync(8, "list", volume.Work);
        ProcessOutcome listed = await volume.RunAsync("snapshot", "list", volume.Root, "--json");
        using JsonDocument list = JsonDocument.Parse(listed.Text);
        Assert.Equal("PatientMiller", Assert.Single(list.RootElement.GetProperty("result").EnumerateArray()).GetProperty("name").GetString());
        ProcessOutcome compared = await volume.RunAsync("snapshot", "diff", volume.Root, "PatientMiller");
        Assert.Equal(["M /", "R /a -> /b"], compared.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        (await volume.RunAsync("snapshot", "delete", volume.Root, "PatientMiller")).EnsureSucceeded();
        await volume.UnmountAsync(); // The log is written behind what it tells of; it is whole when the daemon has ended.
        string log = volume.Log;
        Assert.DoesNotContain("PatientMiller", log, StringComparison.Ordinal);
        Assert.Contains("Snapshot 1 is taken, as asked", log, StringComparison.Ordinal);
        Assert.Contains("Snapshot 1 is deleted, as asked", log, StringComparison.Ordinal);

        async Task ExpectAsync(int code, params string[] arguments)
        {
            ProcessOutcome outcome = await volume.RunAsync(["snapshot", .. arguments]);
            Assert.True(outcome.ExitCode == code, outcome.Describe());
        }
    }
}
