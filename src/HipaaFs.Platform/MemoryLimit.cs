using System.Globalization;

namespace HipaaFs.Platform;

/// <summary>How much memory this process may use before the kernel stops it.</summary>
/// <param name="Bytes">The limit.</param>
/// <param name="Source">Who sets it.</param>
public readonly record struct MemoryLimit(long Bytes, MemoryLimitSource Source)
{
    /// <summary>Finds the smallest limit of the process's control groups and their parents, else the machine's memory. Swap is not counted.</summary>
    public static MemoryLimit Detect() => Detect("/proc", "/sys/fs/cgroup");

    /// <summary>The same with other roots for the two pseudo file systems.</summary>
    internal static MemoryLimit Detect(string proc, string cgroups)
    {
        var limit = new MemoryLimit(Physical(Path.Combine(proc, "meminfo")), MemoryLimitSource.Physical);
        foreach (string line in Lines(Path.Combine(proc, "self/cgroup")))
        {
            // hierarchy:controllers:path, see cgroups(7); version 2 is hierarchy 0 without controllers.
            string[] fields = line.Split(':', 3);
            if (fields.Length != 3)
            {
                continue;
            }

            if (fields[0] == "0" && fields[1].Length == 0)
            {
                limit = Smaller(limit, Smallest(cgroups, fields[2], "memory.max"), MemoryLimitSource.CgroupV2);
                limit = Smaller(limit, Smallest(cgroups, fields[2], "memory.high"), MemoryLimitSource.CgroupV2);
            }
            else if (Array.IndexOf(fields[1].Split(','), "memory") >= 0)
            {
                limit = Smaller(limit, Smallest(Path.Combine(cgroups, "memory"), fields[2], "memory.limit_in_bytes"), MemoryLimitSource.CgroupV1);
            }
        }

        return limit;
    }

    private static MemoryLimit Smaller(MemoryLimit limit, long? bytes, MemoryLimitSource source) =>
        bytes is { } value && value > 0 && value < limit.Bytes ? new MemoryLimit(value, source) : limit;

    // A limit of a parent holds for its children. In a container the path may lie outside what is mounted: then the root alone counts.
    private static long? Smallest(string root, string path, string file)
    {
        long? smallest = null;
        for (string? group = path.Trim('/'); group is not null; group = Path.GetDirectoryName(group))
        {
            foreach (string line in Lines(Path.Combine(root, group, file)))
            {
                if (long.TryParse(line.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
                {
                    smallest = Math.Min(smallest ?? long.MaxValue, bytes);
                }
            }

            if (group.Length == 0)
            {
                break;
            }
        }

        return smallest;
    }

    private static long Physical(string memoryInformation)
    {
        foreach (string line in Lines(memoryInformation))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 2 && fields[0] == "MemTotal:"
                && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes))
            {
                return kibibytes * 1024;
            }
        }

        return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
