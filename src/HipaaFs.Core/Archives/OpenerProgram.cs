using System.Globalization;
using System.Text;

namespace HipaaFs.Archives;

/// <summary>Tells which program is behind a request.</summary>
internal static class OpenerProgram
{
    private const int LongestCommand = 15; // comm in proc(5).
    private const string Deleted = " (deleted)"; // What the link ends with when the program was replaced, by an update for one.

    /// <summary>Whether a process runs one of some programs, or cannot be asked.</summary>
    /// <param name="thread">Id of one of its threads; 0 is one outside of this namespace of process ids.</param>
    /// <param name="programs">Names, or paths if they begin with a slash.</param>
    internal static bool IsOneOf(uint thread, IReadOnlyList<string> programs)
    {
        if (programs.Count == 0)
        {
            return false;
        }

        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}");
        if (PathOf(directory) is { } path)
        {
            return programs.Any(program => IsAt(path, program) || (path.EndsWith(Deleted, StringComparison.Ordinal) && IsAt(path.AsSpan(0, path.Length - Deleted.Length), program)));
        }

        // The link can be read by its own user and root only, the name by everybody.
        return CommandOf(directory) is not { } command || programs.Any(program => IsCommand(command, program[(program.LastIndexOf('/') + 1)..]));
    }

    private static bool IsAt(ReadOnlySpan<char> path, string program) => (program.StartsWith('/') ? path : path[(path.LastIndexOf('/') + 1)..]).SequenceEqual(program);

    private static bool IsCommand(byte[] command, string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        return command.AsSpan().SequenceEqual(bytes.AsSpan(0, Math.Min(bytes.Length, LongestCommand)));
    }

    private static string? PathOf(string directory)
    {
        try
        {
            return new FileInfo(directory + "/exe").LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static byte[]? CommandOf(string directory)
    {
        try
        {
            return [.. File.ReadAllBytes(directory + "/comm").AsSpan().TrimEnd((byte)'\n')];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
