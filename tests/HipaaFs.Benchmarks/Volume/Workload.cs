using System.Diagnostics;
using System.Globalization;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>The timed loops. Each runs in a process of its own, so that a mount that hangs ends with its time limit.</summary>
internal static class Workload
{
    private const int MiB = 1 << 20;
    private const int SmallFileSize = 16 * 1024;

    /// <summary>Runs the workload that the arguments name (NAME PATH COUNT) and prints its rate.</summary>
    public static int Run(IReadOnlyList<string> arguments)
    {
        if (arguments is not [string name, string path, string countText])
        {
            return 2;
        }

        int count = int.Parse(countText, CultureInfo.InvariantCulture);
        Func<string, int, int>? work = name switch
        {
            "write" => WriteFile,
            "read" => ReadFile,
            "create" => Create,
            "stat" => Stat,
            "read-small" => ReadSmall,
            "rename" => Rename,
            "unlink" => Unlink,
            _ => null,
        };
        if (work is null)
        {
            return 2;
        }

        var clock = Stopwatch.StartNew();
        int done = work(path, count);
        double rate = done / clock.Elapsed.TotalSeconds;
        Console.WriteLine(rate.ToString("F2", CultureInfo.InvariantCulture));
        return 0;
    }

    private static int WriteFile(string path, int mebibytes)
    {
        // Random content: neither a compressing disk nor a filesystem that knows zeros may help.
        byte[] content = new byte[32 * MiB];
        new Random(1).NextBytes(content);
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (int i = 0; i < mebibytes; i++)
        {
            Span<byte> block = content.AsSpan(i % 32 * MiB, MiB);
            BitConverter.TryWriteBytes(block, i);
            file.Write(block);
        }

        file.Flush(flushToDisk: true);
        return mebibytes;
    }

    private static int ReadFile(string path, int mebibytes)
    {
        byte[] block = new byte[MiB];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        for (int i = 0; i < mebibytes; i++)
        {
            file.ReadExactly(block);
            if (BitConverter.ToInt32(block) != i)
            {
                throw new InvalidDataException($"block {i} holds something else");
            }
        }

        return mebibytes;
    }

    private static int Create(string directory, int count)
    {
        byte[] content = new byte[SmallFileSize];
        new Random(2).NextBytes(content);
        for (int i = 0; i < count; i++)
        {
            using FileStream file = new(PathOf(directory, i), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            file.Write(content);
        }

        return count;
    }

    private static int Stat(string directory, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (new FileInfo(PathOf(directory, i)).Length != SmallFileSize)
            {
                throw new InvalidDataException($"file {i} has another size");
            }
        }

        return count;
    }

    private static int ReadSmall(string directory, int count)
    {
        byte[] content = new byte[SmallFileSize];
        for (int i = 0; i < count; i++)
        {
            using FileStream file = new(PathOf(directory, i), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            file.ReadExactly(content);
        }

        return count;
    }

    private static int Rename(string directory, int count)
    {
        for (int i = 0; i < count; i++)
        {
            File.Move(PathOf(directory, i), RenamedPathOf(directory, i), overwrite: true);
        }

        return count;
    }

    private static int Unlink(string directory, int count)
    {
        for (int i = 0; i < count; i++)
        {
            File.Delete(RenamedPathOf(directory, i));
        }

        return count;
    }

    private static string PathOf(string directory, int number)
    {
        return string.Create(CultureInfo.InvariantCulture, $"{directory}/image-{number:D6}.dcm");
    }

    private static string RenamedPathOf(string directory, int number)
    {
        return string.Create(CultureInfo.InvariantCulture, $"{directory}/renamed-{number:D6}.dcm");
    }
}
