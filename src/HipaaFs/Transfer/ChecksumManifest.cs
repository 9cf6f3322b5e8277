using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace HipaaFs.Cli.Transfer;

/// <summary>A list of files and their SHA-256, as BagIt (RFC 8493, section 2.1.3) and sha256sum(1) write it: a line each.</summary>
/// <remarks>Line ends and percent signs in paths are written as %0A, %0D and %25. Lines of sha256sum that begin with a backslash or mark binary mode are read too.</remarks>
internal static class ChecksumManifest
{
    private const int HashLength = 64;

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="FormatException">A line is none of one; the message names it.</exception>
    public static Dictionary<string, byte[]> Parse(ReadOnlySpan<byte> content)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        int number = 0;
        foreach (string line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            number++;
            string text = line.TrimEnd('\r');
            if (text.Length == 0)
            {
                continue;
            }

            if (!TryParse(text, out string? path, out byte[]? sha256))
            {
                throw new FormatException($"line {number} is not a SHA-256 in hexadecimal, blanks and a path");
            }

            files[path] = sha256;
        }

        return files;
    }

    /// <summary>Writes a manifest, in the order of the paths.</summary>
    public static byte[] Format(IEnumerable<KeyValuePair<string, byte[]>> files)
    {
        var text = new StringBuilder();
        foreach ((string path, byte[] sha256) in files.OrderBy(static file => file.Key, StringComparer.Ordinal))
        {
            text.Append(Convert.ToHexStringLower(sha256)).Append("  ").Append(Escape(path)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static bool TryParse(string line, [NotNullWhen(true)] out string? path, [NotNullWhen(true)] out byte[]? sha256)
    {
        path = null;
        sha256 = null;
        bool isEscaped = line[0] == '\\';
        ReadOnlySpan<char> rest = isEscaped ? line.AsSpan(1) : line;
        if (rest.Length < HashLength + 2 || rest[HashLength] is not (' ' or '\t'))
        {
            return false;
        }

        sha256 = new byte[HashLength / 2];
        if (Convert.FromHexString(rest[..HashLength], sha256, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        rest = rest[HashLength..].TrimStart(" \t");
        rest = rest.Length > 0 && rest[0] == '*' ? rest[1..] : rest;
        path = isEscaped
            ? rest.ToString().Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal)
            : Unescape(rest.ToString());
        path = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        return PlainTree.IsPath(path);
    }

    private static string Escape(string path) => path
        .Replace("%", "%25", StringComparison.Ordinal)
        .Replace("\n", "%0A", StringComparison.Ordinal)
        .Replace("\r", "%0D", StringComparison.Ordinal);

    private static string Unescape(string path) => path
        .Replace("%0A", "\n", StringComparison.OrdinalIgnoreCase)
        .Replace("%0D", "\r", StringComparison.OrdinalIgnoreCase)
        .Replace("%25", "%", StringComparison.Ordinal);
}
