using System.Text;
using HipaaFs.Cli.Interop;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cli.Output;

/// <summary>Asks the person at the controlling terminal for a secret and shows nothing of it, wherever standard input comes from.</summary>
internal static class TerminalPrompt
{
    private const int MostBytes = 1024;
    private const int TermiosSize = 128; // More than any Linux needs (60 on glibc); only one field of it is looked at.
    private const int LocalModes = 3; // Index of c_lflag, the fourth 32-bit field of struct termios (termios(3)).
    private const uint Echo = 8;

    /// <summary>Returns what was typed up to Enter; null when there is no terminal.</summary>
    public static string? AskSecret(string question)
    {
        int fd = LibC.open("/dev/tty", LibC.O_RDWR | LibC.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return null;
        }

        using var handle = new SafeFileHandle(fd, ownsHandle: true);
        using var terminal = new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0);
        terminal.Write(Encoding.UTF8.GetBytes(question));
        Span<uint> before = stackalloc uint[TermiosSize / sizeof(uint)];
        if (LibC.tcgetattr(fd, before) != 0)
        {
            return null;
        }

        Span<uint> silent = stackalloc uint[before.Length];
        before.CopyTo(silent);
        silent[LocalModes] &= ~Echo;
        try
        {
            _ = LibC.tcsetattr(fd, 0, silent);
            return ReadLine(terminal);
        }
        finally
        {
            _ = LibC.tcsetattr(fd, 0, before);
            terminal.Write("\n"u8);
        }
    }

    private static string ReadLine(FileStream terminal)
    {
        byte[] typed = new byte[MostBytes];
        try
        {
            int length = 0;
            while (length < typed.Length && terminal.Read(typed, length, 1) == 1 && typed[length] != '\n')
            {
                length++;
            }

            return Encoding.UTF8.GetString(typed, 0, length).TrimEnd('\r');
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(typed);
        }
    }
}
