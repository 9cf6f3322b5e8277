using System.Globalization;
using System.Text;
using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Directories;

/// <summary>Directories of many entries: listing streams, and what others do meanwhile neither hides nor doubles an entry.</summary>
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
        InodeId directory = (await test.FileSystem.MakeDirectoryAsync("large")).Id;
        int entries = Entries;
        for (int i = 0; i < entries; i++)
        {
            CreatedFile file = await test.FileSystem.CreateAsync(Name(i), directory);
            await test.FileSystem.CloseAsync(file.Handle);
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        var seen = new int[entries];
        int moved = 0;
        var items = new DirectoryItem[128];
        HandleId handle = await test.FileSystem.OpenDirectoryAsync(directory, default).Ok();
        ulong cookie = 0;
        long most = 0;
        int pages = 0;
        while (true)
        {
            int count = await test.FileSystem.ReadDirectoryAsync(handle, cookie, items, default).Ok();
            if (count == 0)
            {
                break;
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

            // One in a hundred is renamed, in any order of cookies, and one in a thousand removed; all others stay.
            if (moved * 100 < entries)
            {
                string name = Name(moved * 100);
                await test.FileSystem.RenameAsync(directory, FileSystemCalls.Bytes(name), directory, FileSystemCalls.Bytes("x" + name), RenameMode.Replace, default).Ok();
                if (moved % 10 == 0)
                {
                    await test.FileSystem.UnlinkAsync(directory, FileSystemCalls.Bytes("x" + name), default).Ok();
                }

                moved++;
            }

            most = Math.Max(most, pages++ % 64 == 0 ? GC.GetTotalMemory(forceFullCollection: true) : 0);
        }

        test.FileSystem.ReleaseDirectory(handle);
        for (int i = 0; i < entries; i++)
        {
            Assert.True(i % 100 == 0 && i / 100 < moved ? seen[i] <= 1 : seen[i] == 1, $"entry {i} was listed {seen[i]} times");
        }

        Assert.True(most - before < 32 << 20, $"listing holds {(most - before) >> 20} MiB");
        foreach (int i in (int[])[1, (entries / 2) + 1, entries - 1])
        {
            Assert.True((await test.FileSystem.LookupAsync(directory, FileSystemCalls.Bytes(Name(i)), default)).IsOk);
        }
    }

    private static string Name(int number) => $"f{number}";
}
