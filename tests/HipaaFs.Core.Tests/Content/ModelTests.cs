using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Content;

/// <summary>Random operations on a few files against byte arrays, with passes of writeback going on beside them, reopened and killed in between.</summary>
public sealed class ModelTests
{
    private const int MaxLength = 400_000;

    [Theory]
    [InlineData(1, 1500)]
    [InlineData(2, 1500)]
    [InlineData(3, 1500)]
    public async Task Files_AfterRandomOperations_HoldWhatTheModelHolds(int seed, int operations)
    {
        TestVolume test = await TestVolume.CreateAsync();
        try
        {
            ModelFile[] files = [new("a"), new("b"), new("c")];
            foreach (ModelFile file in files)
            {
                file.Handle = (await test.FileSystem.CreateAsync(file.Name)).Handle;
            }

            var random = new Random(seed);
            for (int i = 0; i < operations; i++)
            {
                ModelFile file = files[random.Next(files.Length)];
                string done = await OperateAsync(test.FileSystem, random, file, files);
                await CompareSomeAsync(test.FileSystem, random, file, $"seed {seed}, operation {i}: {done}");
                if (random.Next(400) == 0)
                {
                    test = await InterruptAsync(test, random, files);
                    await CompareAllAsync(test.FileSystem, files, $"seed {seed}, after the interruption at {i}");
                }
            }

            await CompareAllAsync(test.FileSystem, files, $"seed {seed}, at the end");
            await CloseAllAsync(test, files);
            await test.DrainAsync();
            await test.AssertSoundAsync();
        }
        finally
        {
            await test.DisposeAsync();
        }
    }

    private static async Task<string> OperateAsync(HipaaFileSystem fileSystem, Random random, ModelFile file, ModelFile[] files)
    {
        int offset = random.Next(random.Next(4) == 0 ? MaxLength : Math.Max(1, file.Length));
        int length = Math.Min(1 + random.Next(1 << random.Next(1, 18)), MaxLength - offset);
        switch (random.Next(20))
        {
            case < 10:
                byte[] content = new byte[Math.Max(1, length)];
                random.NextBytes(content);
                await fileSystem.WriteAsync(file.Handle, offset, content);
                file.Write(offset, content);
                return $"write {file.Name} {offset}+{content.Length}";
            case < 12:
                InodeAttributes inode = await fileSystem.LookupAsync(file.Name);
                await fileSystem.SetAttributesAsync(inode.Id, new AttributeChange { Size = offset }, default, default).Ok();
                file.Resize(offset);
                return $"truncate {file.Name} {offset}";
            case < 13:
                await fileSystem.AllocateAsync(file.Handle, AllocateMode.PunchHole, offset, Math.Max(1, length), default).Ok();
                file.Zero(offset, Math.Max(1, length), grow: false);
                return $"punch {file.Name} {offset}+{length}";
            case < 14:
                await fileSystem.AllocateAsync(file.Handle, AllocateMode.ZeroRange, offset, Math.Max(1, length), default).Ok();
                file.Zero(offset, Math.Max(1, length), grow: true);
                return $"zero {file.Name} {offset}+{length}";
            case < 16:
                return await CopyAsync(fileSystem, random, file, files[random.Next(files.Length)], offset, length);
            case < 18:
                await fileSystem.FsyncAsync(file.Handle, dataOnly: random.Next(2) == 0, default).Ok();
                return $"fsync {file.Name}";
            default:
                await Task.Delay(random.Next(3));
                return "nothing";
        }
    }

    private static async Task<string> CopyAsync(HipaaFileSystem fileSystem, Random random, ModelFile from, ModelFile to, int offset, int length)
    {
        int target = random.Next(MaxLength / 2);
        bool overlaps = from == to && Math.Abs(offset - target) < length;
        if (overlaps || length == 0)
        {
            return "no copy";
        }

        long copied = await fileSystem.CopyRangeAsync(from.Handle, offset, to.Handle, target, length, default).Ok();
        int expected = Math.Clamp(from.Length - offset, 0, length);
        Assert.Equal(expected, copied);
        if (expected > 0)
        {
            to.Write(target, from.Content.Slice(offset, expected).ToArray());
        }

        return $"copy {from.Name} {offset}+{length} to {to.Name} {target}";
    }

    private static async Task<TestVolume> InterruptAsync(TestVolume test, Random random, ModelFile[] files)
    {
        if (random.Next(2) == 0)
        {
            await CloseAllAsync(test, files);
            await test.ReopenAsync();
        }
        else
        {
            await test.FileSystem.SyncAsync(default).Ok();
            TestVolume crashed = await test.CrashAsync();
            await test.DisposeAsync();
            test = crashed;
        }

        foreach (ModelFile file in files)
        {
            file.Handle = await test.FileSystem.OpenAsync(file.Name);
        }

        return test;
    }

    private static async Task CloseAllAsync(TestVolume test, ModelFile[] files)
    {
        foreach (ModelFile file in files)
        {
            await test.FileSystem.CloseAsync(file.Handle);
        }
    }

    private static async Task CompareSomeAsync(HipaaFileSystem fileSystem, Random random, ModelFile file, string what)
    {
        Assert.True(file.Length == (await fileSystem.LookupAsync(file.Name)).Size, what + ": size");
        int offset = random.Next(file.Length + 1);
        int length = random.Next(1, 50_000);
        byte[] read = await fileSystem.ReadAsync(file.Handle, offset, length);
        Assert.True(file.Content.Slice(offset, Math.Min(length, file.Length - offset)).SequenceEqual(read), what);
    }

    private static async Task CompareAllAsync(HipaaFileSystem fileSystem, ModelFile[] files, string what)
    {
        foreach (ModelFile file in files)
        {
            byte[] read = await fileSystem.GetAsync(file.Name);
            Assert.True(file.Content.SequenceEqual(read), what);
        }
    }
}
