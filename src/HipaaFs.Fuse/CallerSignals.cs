using System.Globalization;

namespace HipaaFs.Fuse;

/// <summary>Tells what becomes of a caller that got a signal.</summary>
internal static class CallerSignals
{
    // Bit 8 is SIGKILL. The kernel gives it to each thread of a process that any signal ends without a core dump (complete_signal), and waits that a
    // local file system has are ended by nothing else (fatal_signal_pending).
    private const ulong Kill = 1UL << 8;

    /// <summary>Whether a thread is about to end. Also true when that cannot be seen: it is gone, hidden (hidepid=), or in another pid namespace.</summary>
    internal static bool IsBeingKilled(uint thread)
    {
        try
        {
            foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/status")))
            {
                if (line.StartsWith("SigPnd:", StringComparison.Ordinal) || line.StartsWith("ShdPnd:", StringComparison.Ordinal))
                {
                    if ((ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & Kill) != 0)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
