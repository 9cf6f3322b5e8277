using System.Globalization;
using System.Text;
using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Directories;

/// <summary>Directories of many entries: listing streams, and what others do meanwhile neither hides nor doubles an entry.</summary>
[Collection(Alone.Name)]
public sealed class LargeDirectoryTests
{
    private static int Entries => int.TryParse(Environment.GetEnvironmentVariable("HIPAAFS_DIRECTORY_ENTRIES"), CultureInfo.InvariantCulture, out int entries) ? entries : 20_000;

    [Theory]
    [InlineData(56, 16)]
    [InlineData(56, 20)]
    [InlineData(60, 300)]
    public async Task ReadDirectory_EqualCookies_ListsEveryEntryOnce(int shift, int atOnce)
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { CookieShift = shift });
        var expected = new HashSet<string>();
        for (int i = 0; i < 1000; i++)
        {
            await test.FileSystem.MakeDirectoryAsync($"d{i}");
            expected.Add($"d{i}");
        }

        List<(string Name, InodeAttributes Inode)> listed = await test.FileSystem.ListAsync(InodeId.Root, atOnce);
        Assert.Equal(1000, listed.Count);
        Assert.Equal(expected, listed.Select(static entry => entry.Name).ToHashSet());
    }

    [Fact]
    public async Task ReadDirectory_MoreOfOneCookieThanFit_IsRefusedAndNotCutOff()
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { CookieShift = 63 });
        for (int i = 0; i < 40; i++)
        {
            await test.FileSystem.MakeDirectoryAsync($"d{i}");
        }

        HandleId handle = await test.FileSystem.OpenDirectoryAsync(InodeId.Root, default).Ok();
        Assert.Equal(FsError.OutOfRange, (await test.FileSystem.ReadDirectoryAsync(handle, 2, new DirectoryItem[4], default)).Error);
        Assert.Equal(40, (await test.FileSystem.ReadDirectoryAsync(handle, 2, new DirectoryItem[64], default)).Ok());
        test.FileSystem.ReleaseDirectory(handle);
    }

    [Fact]
    public async Task ReadDirectory_WhileOthersRenameAndDelete_ShowsEveryOtherEntryOnce()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId directory = await FillAsync(test);
        int entries = Entries;
        int moved = 0;
        (int[] seen, long held) = await ListAsync(test, directory, async () =>
        {
            // One in a hundred is renamed, in any order of cookies, and one in a thousand removed; all others stay.
            if (moved * 100 < entries)
            {
                string name = Name(moved * 100);
                await RenameAsync(test, directory, name, "x" + name);
                if (moved % 10 == 0)
                {
                    await test.FileSystem.UnlinkAsync(directory, FileSystemCalls.Bytes("x" + name), default).Ok();
                }

                moved++;
            }
        });

        for (int i = 0; i < entries; i++)
        {
            Assert.True(i % 100 == 0 && i / 100 < moved ? seen[i] <= 1 : seen[i] == 1, $"entry {i} was listed {seen[i]} times");
        }

        // A listing that held the directory would hold a name, an inode and a cookie for each entry.
        Assert.True(held < (1 << 20) + (entries * 32L), $"listing holds {held >> 10} KiB");
        foreach (int i in (int[])[1, (entries / 2) + 1, entries - 1])
        {
            Assert.True((await test.FileSystem.LookupAsync(directory, FileSystemCalls.Bytes(Name(i)), default)).IsOk);
        }
    }

    [Fact]
    public async Task ReadDirectory_AtTheSameTimeAsRenames_ShowsEveryOtherEntryOnce()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId directory = await FillAsync(test);
        using var listed = new CancellationTokenSource();
        var renamedOnce = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task others = Task.Run(async () =>
        {
            for (int i = 0; !listed.IsCancellationRequested; i = (i + 100) % Entries)
            {
                await RenameAsync(test, directory, Name(i), "x" + Name(i));
                await RenameAsync(test, directory, "x" + Name(i), Name(i));
                renamedOnce.TrySetResult();
            }
        });
        await renamedOnce.Task;
        (int[] seen, _) = await ListAsync(test, directory, static () => Task.CompletedTask);
        await listed.CancelAsync();
        await others;

        for (int i = 0; i < Entries; i++)
        {
            Assert.True(i % 100 == 0 || seen[i] == 1, $"entry {i} was listed {seen[i]} times");
        }
    }

    private static async Task<InodeId> FillAsync(TestVolume test)
    {
        InodeId directory = (await test.FileSystem.MakeDirectoryAsync("large")).Id;
        for (int i = 0; i < Entries; i++)
        {
            CreatedFile file = await test.FileSystem.CreateAsync(Name(i), directory);
            await test.FileSystem.CloseAsync(file.Handle);
        }

        return directory;
    }

    // How often each entry was listed, and the most bytes by which the heap grew.
    private static async Task<(int[] Seen, long Held)> ListAsync(TestVolume test, InodeId directory, Func<Task> betweenPages)
    {
        var seen = new int[Entries];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long most = 0;
        var items = new DirectoryItem[128];
        HandleId handle = await test.FileSystem.OpenDirectoryAsync(directory, default).Ok();
        ulong cookie = 0;
        for (int pages = 0; ; pages++)
        {
            int count = await test.FileSystem.ReadDirectoryAsync(handle, cookie, items, default).Ok();
            if (count == 0)
            {
                test.FileSystem.ReleaseDirectory(handle);
                return (seen, most - before);
            }

            for (int i = 0; i < count; i++)
            {
                cookie = items[i].NextCookie;
                string name = Encoding.UTF8.GetString(items[i].Name.Span);
                if (name.StartsWith('f'))
                {
                    seen[int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)]++;
                }
            }

            await betweenPages();
            most = Math.Max(most, pages % 64 == 0 ? GC.GetTotalMemory(forceFullCollection: true) : 0);
        }
    }

    private static async Task RenameAsync(TestVolume test, InodeId directory, string from, string to) =>
        await test.FileSystem.RenameAsync(directory, FileSystemCalls.Bytes(from), directory, FileSystemCalls.Bytes(to), RenameMode.Replace, default).Ok();

    private static string Name(int number) => $"f{number}";
}
