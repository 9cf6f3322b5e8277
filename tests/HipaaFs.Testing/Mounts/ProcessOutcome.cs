using System.Globalization;

namespace HipaaFs.Testing.Mounts;

/// <summary>What a child process left behind when it ended, or was ended.</summary>
/// <param name="Command">The command line, for messages.</param>
/// <param name="ExitCode">The exit code; 128 + signal for a killed process; -1 when it was ended for being late.</param>
/// <param name="Output">Everything it wrote to standard output, as bytes (names on a mount need not be UTF-8).</param>
/// <param name="Error">Everything it wrote to standard error.</param>
/// <param name="TimedOut">Whether it was ended because its time was over.</param>
/// <param name="Duration">From start to end.</param>
public sealed record ProcessOutcome(string Command, int ExitCode, byte[] Output, string Error, bool TimedOut, TimeSpan Duration)
{
    /// <summary>Whether something that it started still held its output open a good while after its end.</summary>
    public bool PipesLeftOpen { get; init; }

    /// <summary>Standard output as UTF-8 text.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Output);

    /// <summary>Whether the process ended by itself with code 0.</summary>
    public bool Succeeded => ExitCode == 0 && !TimedOut;

    /// <summary>Fails the test with everything the process said unless it succeeded.</summary>
    public ProcessOutcome EnsureSucceeded()
    {
        if (!Succeeded)
        {
            Xunit.Assert.Fail(Describe());
        }

        return this;
    }

    /// <summary>The command, its end and its output, for a message.</summary>
    public string Describe()
    {
        string end = TimedOut
            ? string.Create(CultureInfo.InvariantCulture, $"was ended after {Duration.TotalSeconds:F1} s")
            : string.Create(CultureInfo.InvariantCulture, $"ended with {ExitCode}");
        return $"{Command}\n{end}\n--- output\n{Tail(Text)}\n--- error\n{Tail(Error)}";
    }

    private static string Tail(string text)
    {
        const int Limit = 6000;
        return text.Length <= Limit ? text : string.Concat("...", text.AsSpan(text.Length - Limit));
    }
}
