using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests;

/// <summary>Runs the same work of real tools on a local disk and on a mount, and demands the same files and words.</summary>
internal static class ToolRun
{
    /// <summary>
    /// Copies the input into both, runs the script in both (relative paths are thus equal) and compares what it printed
    /// and every byte of the tree it left.
    /// </summary>
    public static async Task SameOnLocalDiskAndMountAsync(SharedMount mount, string? input, string script, TimeSpan timeout)
    {
        await using var local = new LocalDirectory();
        string localDirectory = await local.NewDirectoryAsync("work");
        (string expectedText, string expectedTree) = await RunAsync(localDirectory, input, script, timeout);

        string mounted = await mount.NewDirectoryAsync();
        (string actualText, string actualTree) = await RunAsync(mounted, input, script, timeout);

        Assert.Equal(expectedText, actualText);
        TreeManifest.AssertEqual(expectedTree, actualTree);
    }

    private static async Task<(string Text, string Tree)> RunAsync(string directory, string? input, string script, TimeSpan timeout)
    {
        if (input is not null)
        {
            await Shell.CheckAsync($"cp -r -- '{input}/.' .", directory, timeout);
        }

        string text = await Shell.CheckAsync($"scripts='{PosixCase.Scripts}'\npython='{Shell.Python}'\n{script}", directory, timeout);
        return (text, await TreeManifest.ReadAsync(directory, withTimes: false));
    }
}
