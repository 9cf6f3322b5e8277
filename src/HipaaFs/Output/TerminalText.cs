namespace HipaaFs.Cli.Output;

/// <summary>Text that comes from names, made fit for a terminal.</summary>
internal static class TerminalText
{
    /// <summary>The text with every control character written out: a name may hold what a terminal would obey.</summary>
    public static string Escape(string name) => name.Any(char.IsControl)
        ? string.Concat(name.Select(static letter => char.IsControl(letter) ? $"\\x{(int)letter:x2}" : letter.ToString()))
        : name;
}
