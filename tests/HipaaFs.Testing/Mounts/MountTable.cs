using System.Text;

namespace HipaaFs.Testing.Mounts;

/// <summary>What is mounted, read from the kernel without touching any mount.</summary>
public static class MountTable
{
    /// <summary>Type and source of the topmost mount at a directory; null when nothing is mounted there.</summary>
    /// <remarks>proc(5), mountinfo: field 5 is the mount point, the type and the source follow a lone dash.</remarks>
    public static (string Type, string Source)? Find(string mountPoint)
    {
        (string Type, string Source)? found = null;
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash > 0 && Unescape(fields[4]) == mountPoint)
            {
                found = (fields[dash + 1], Unescape(fields[dash + 2]));
            }
        }

        return found;
    }

    /// <summary>Whether something is mounted at the directory.</summary>
    public static bool IsMounted(string mountPoint)
    {
        return Find(mountPoint) is not null;
    }

    private static string Unescape(string field)
    {
        var text = new StringBuilder(field.Length);
        for (int i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}
