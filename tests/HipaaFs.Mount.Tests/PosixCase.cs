using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests;

/// <summary>Runs one piece of Python or shell on a local disk and on a mount and demands that both tell the same.</summary>
internal static class PosixCase
{
    /// <summary>Directory of the scripts beside the tests.</summary>
    public static string Scripts { get; } = Path.Combine(AppContext.BaseDirectory, "Scripts");

    /// <summary>Runs Python text after `from posix_case import *`; its prints must be equal on both.</summary>
    public static async Task BehavesAsOnLocalDiskAsync(SharedMount mount, string python, TimeSpan? timeout = null)
    {
        string script = $"import sys\nsys.path.insert(0, '{Scripts}')\nfrom posix_case import *\nos.umask(0o022)\n{python}";
        await CompareAsync(mount, directory => Shell.PythonAsync(script, directory, timeout));
    }

    /// <summary>Runs shell text; its output must be equal on both.</summary>
    public static async Task ShellBehavesAsOnLocalDiskAsync(SharedMount mount, string script, TimeSpan? timeout = null)
    {
        await CompareAsync(mount, directory => Shell.RunAsync($"umask 022\n{script}", directory, timeout));
    }

    private static async Task CompareAsync(SharedMount mount, Func<string, Task<ProcessOutcome>> run)
    {
        await using var local = new LocalDirectory();
        ProcessOutcome expected = await run(await local.NewDirectoryAsync("case"));
        Assert.True(expected.Succeeded, $"the case fails on the local disk already\n{expected.Describe()}");

        ProcessOutcome actual = await run(await mount.NewDirectoryAsync());
        actual.EnsureSucceeded();
        Assert.Equal(expected.Text, actual.Text);
    }
}
