using System.Text;

namespace HipaaFs.Cli.Output;

/// <summary>Asks the person at the terminal for a secret and shows nothing of it.</summary>
internal static class TerminalPrompt
{
    /// <summary>Returns what was typed up to Enter; null when standard input is no terminal.</summary>
    public static string? AskSecret(string question)
    {
        if (Console.IsInputRedirected)
        {
            return null;
        }

        Console.Error.Write(question);
        var typed = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
            {
                break;
            }

            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (key.KeyChar != '\0')
            {
                typed.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        string secret = typed.ToString();
        typed.Clear();
        return secret;
    }
}
