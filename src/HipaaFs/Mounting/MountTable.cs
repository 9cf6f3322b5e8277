using System.Text;

namespace HipaaFs.Cli.Mounting;

/// <summary>What is mounted where, as this process sees it.</summary>
internal sealed class MountTable
{
    private readonly List<MountEntry> _entries;

    private MountTable(List<MountEntry> entries) => _entries = entries;

    /// <summary>All mounts, the latest last.</summary>
    public IReadOnlyList<MountEntry> Entries => _entries;

    /// <summary>Reads the table of this moment.</summary>
    public static MountTable Read() => Parse(File.ReadAllText("/proc/self/mountinfo"));

    /// <summary>Reads a table from its text.</summary>
    public static MountTable Parse(string text)
    {
        var entries = new List<MountEntry>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // id parent major:minor root MOUNTPOINT OPTIONS [tags...] - TYPE SOURCE super-options
            string[] fields = line.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (separator >= 6 && fields.Length > separator + 2)
            {
                entries.Add(new MountEntry(
                    Unescape(fields[4]), fields[separator + 1], Unescape(fields[separator + 2]), fields[5]));
            }
        }

        return new MountTable(entries);
    }

    /// <summary>The topmost mount exactly at a path; null when nothing is mounted there.</summary>
    public MountEntry? Find(string mountPoint) => _entries.FindLast(entry => entry.MountPoint == mountPoint);

    /// <summary>The topmost mount that a path lies in.</summary>
    public MountEntry? FindContaining(string path)
    {
        MountEntry? found = null;
        foreach (MountEntry entry in _entries)
        {
            if (PathRelation.IsSameOrBelow(path, entry.MountPoint) && entry.MountPoint.Length >= (found?.MountPoint.Length ?? 0))
            {
                found = entry;
            }
        }

        return found;
    }

    /// <summary>Every mount of the driver.</summary>
    public IEnumerable<MountEntry> OfDriver() => _entries.Where(entry => entry.Volume is not null);

    // Blank, tab, newline and backslash stand as three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        byte[] escaped = Encoding.UTF8.GetBytes(field);
        var plain = new List<byte>(escaped.Length);
        for (int at = 0; at < escaped.Length; at++)
        {
            if (escaped[at] == '\\' && at + 3 < escaped.Length)
            {
                plain.Add((byte)(((escaped[at + 1] - '0') << 6) | ((escaped[at + 2] - '0') << 3) | (escaped[at + 3] - '0')));
                at += 3;
            }
            else
            {
                plain.Add(escaped[at]);
            }
        }

        return Encoding.UTF8.GetString([.. plain]);
    }
}
