using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests;

/// <summary>Compares directory trees byte by byte: names, kinds, modes, owners, times, links, attributes and content.</summary>
internal static class TreeManifest
{
    private static readonly TimeSpan ReadTimeout = ChildProcess.LongTimeout;

    /// <summary>The tree below a directory as text, one line an entry.</summary>
    /// <param name="directory">Where the tree begins.</param>
    /// <param name="withTimes">Whether modification times count; they do not where two runs wrote the same content.</param>
    public static async Task<string> ReadAsync(string directory, bool withTimes = true)
    {
        string[] arguments = withTimes ? [directory] : [directory, "times"];
        ProcessOutcome outcome = await Shell.PythonFileAsync(Path.Combine(PosixCase.Scripts, "tree_manifest.py"), "/", ReadTimeout, arguments);
        return outcome.EnsureSucceeded().Text;
    }

    /// <summary>Fails with the first lines in which two trees differ.</summary>
    public static void AssertEqual(string expected, string actual)
    {
        if (expected == actual)
        {
            return;
        }

        string[] expectedLines = expected.Split('\n');
        string[] actualLines = actual.Split('\n');
        IEnumerable<string> lost = expectedLines.Except(actualLines).Take(10).Select(line => "- " + line);
        IEnumerable<string> gained = actualLines.Except(expectedLines).Take(10).Select(line => "+ " + line);
        Assert.Fail($"the trees differ ({expectedLines.Length} and {actualLines.Length} lines)\n{string.Join('\n', lost.Concat(gained))}");
    }
}
