using System.Text.Json;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>copy_file_range(2) shares data: counted in segments and bytes, not in time.</summary>
public sealed class CloneTests
{
    [Fact]
    public async Task CopyFileRange_OfALargeFile_UploadsNothing()
    {
        MountPrerequisites.RequireFuse();
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("head -c 100000000 /dev/urandom > source", ChildProcess.LongTimeout);
        await volume.UnmountAsync(); // Everything is in the store now.
        await volume.MountAsync();
        HashSet<string> before = Segments(volume);
        Assert.NotEmpty(before);

        string script = """
            import os
            source = os.open("source", os.O_RDONLY)
            target = os.open("copy", os.O_RDWR | os.O_CREAT, 0o644)
            size = os.fstat(source).st_size
            while os.lseek(target, 0, os.SEEK_CUR) < size:
                assert os.copy_file_range(source, target, size) > 0
            os.fsync(target)
            print(os.fstat(target).st_size)
            """;
        ProcessOutcome copied = (await Shell.PythonAsync(script, volume.Root)).EnsureSucceeded();
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        ProcessOutcome status = (await volume.RunAsync("status", volume.Root, "--json")).EnsureSucceeded();

        Assert.Equal("100000000\n", copied.Text);
        using JsonDocument figures = JsonDocument.Parse(status.Text);
        Assert.Equal(0, Find(figures.RootElement, "stagedSegments").GetInt64());
        Assert.Equal(0, Find(figures.RootElement, "stagedBytes").GetInt64());
        Assert.Equal(0, Find(figures.RootElement, "fetchedBytes").GetInt64());
        Assert.Equal(before, Segments(volume));
        await volume.ShellAsync("cmp source copy", ChildProcess.LongTimeout);
    }

    [Fact]
    public async Task CopyFileRange_OfTenGigabytes_IsAFewRequestsAndNoData()
    {
        MountPrerequisites.RequireFuse();
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("head -c 104857600 /dev/urandom > piece; sync piece", ChildProcess.LongTimeout);
        string script = """
            import os, subprocess
            def copy(source, target, size):
                calls = 0
                while os.lseek(target, 0, os.SEEK_CUR) < size:
                    assert os.copy_file_range(source, target, size) > 0
                    calls += 1
                return calls
            piece = os.open("piece", os.O_RDONLY)
            large = os.open("large", os.O_RDWR | os.O_CREAT, 0o644)
            for i in range(100):
                os.lseek(piece, 0, os.SEEK_SET)
                copy(piece, large, (i + 1) * 104857600)
            os.lseek(large, 0, os.SEEK_SET)
            target = os.open("copy", os.O_RDWR | os.O_CREAT, 0o644)
            calls = copy(large, target, 100 * 104857600)
            os.fsync(target)
            assert calls <= 10, calls
            print(os.fstat(target).st_size, os.fstat(target).st_blocks == os.fstat(large).st_blocks)
            """;
        ProcessOutcome copied = (await Shell.PythonAsync(script, volume.Root)).EnsureSucceeded();
        await volume.UnmountAsync();

        Assert.Equal("10485760000 True\n", copied.Text);
        long stored = Segments(volume).Sum(static segment => new FileInfo(segment).Length);
        Assert.InRange(stored, 104_857_600, 110_000_000);
        await volume.MountAsync();
        await volume.ShellAsync("cmp -n 1000000 -i 0:9961472000 piece copy && cmp -n 1000000 -i 50000000:5292880000 piece copy", ChildProcess.LongTimeout);
    }

    private static HashSet<string> Segments(MountedVolume volume) =>
        [.. Directory.EnumerateFiles(Path.Combine(volume.Store, "seg"), "*", SearchOption.AllDirectories)];

    private static JsonElement Find(JsonElement element, string name)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                JsonElement found = property.Name == name ? property.Value : Find(property.Value, name);
                if (found.ValueKind != JsonValueKind.Undefined)
                {
                    return found;
                }
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                JsonElement found = Find(item, name);
                if (found.ValueKind != JsonValueKind.Undefined)
                {
                    return found;
                }
            }
        }

        return default;
    }
}
