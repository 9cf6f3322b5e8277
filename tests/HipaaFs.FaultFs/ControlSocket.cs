using System.Globalization;
using System.Net.Sockets;
using HipaaFs.FaultFs.Crash;
using HipaaFs.FaultFs.Disk;
using HipaaFs.FaultFs.Faults;

namespace HipaaFs.FaultFs;

/// <summary>Takes commands for a fault disk: one line each, answered by one line, over a socket.</summary>
/// <remarks>
/// <para><c>count</c>: operations so far. <c>changes</c>: how often a change was asked for, failed ones included. <c>hits</c>: calls that a rule made fail;
/// <c>struck</c>: the first of them. <c>clear</c>: no rules any more. <c>freeze</c>: the power is gone.</para>
/// <para><c>fail KIND PATTERN NUMBER ERRNO once|always [PATTERN]</c>: see <see cref="FaultRule"/>; the last pattern is that of the removal that ends it.</para>
/// <para><c>pace PATTERN</c>: from here on writes to its files wait for what <c>allow BYTES</c> lets through; <c>unpace</c>: no more of that.</para>
/// <para><c>cut OPERATIONS KIND journal|strict SEED DIRECTORY</c>: writes what is left into an empty directory.</para>
/// <para><c>log FILE</c>: writes what was done to a file. <c>tally PATTERN</c>: how often each kind was done to the files of a pattern.</para>
/// <para><c>unmount</c>: ends the mount, not the disk.</para>
/// </remarks>
internal sealed class ControlSocket
{
    private readonly FaultDisk _disk;
    private readonly Func<string> _unmount;

    internal ControlSocket(FaultDisk disk, Func<string> unmount)
    {
        _disk = disk;
        _unmount = unmount;
    }

    /// <summary>Serves until the program ends.</summary>
    internal void Start(string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        new Thread(() => Listen(listener)) { IsBackground = true }.Start();
    }

    private void Listen(Socket listener)
    {
        while (true)
        {
            Socket caller = listener.Accept();
            new Thread(() => Answer(caller)) { IsBackground = true }.Start();
        }
    }

    private void Answer(Socket caller)
    {
        using var stream = new NetworkStream(caller, ownsSocket: true);
        using var reader = new StreamReader(stream);
        using var writer = new StreamWriter(stream) { AutoFlush = true };
        try
        {
            while (reader.ReadLine() is { } line)
            {
                writer.WriteLine(Answer(line.Split(' ')));
            }
        }
        catch (IOException)
        {
            // The caller is gone; there is nobody to tell.
        }
    }

    private string Answer(string[] words)
    {
        try
        {
            if (words is ["unmount"])
            {
                return _unmount();
            }

            lock (_disk.Gate)
            {
                return Carry(words);
            }
        }
        catch (Exception exception) when (exception is IOException or FormatException or ArgumentException or UnauthorizedAccessException)
        {
            return $"failed: {exception.Message}";
        }
    }

    private string Carry(string[] words)
    {
        switch (words)
        {
            case ["count"]:
                return Text(_disk.Log.Count);
            case ["hits"]:
                return Text(_disk.Rules.Hits);
            case ["struck"]:
                return _disk.Rules.FirstHit;
            case ["changes"]:
                return Text(_disk.Rules.Changes);
            case ["clear"]:
                _disk.Rules.Clear();
                return "ok";
            case ["pace", string pattern]:
                _disk.Pace.Begin(pattern);
                return "ok";
            case ["allow", string bytes]:
                _disk.Pace.Allow(long.Parse(bytes, CultureInfo.InvariantCulture));
                return "ok";
            case ["unpace"]:
                _disk.Pace.End();
                return "ok";
            case ["freeze"]:
                _disk.IsFrozen = true;
                return "ok";
            case ["fail", string kind, string pattern, string number, string errno, string how, .. string[] ended]:
                _disk.Rules.Add(new FaultRule(Enum.Parse<FaultKind>(kind), pattern, Number(number), Number(errno), how == "always")
                {
                    EndedByRemovalOf = ended.FirstOrDefault(),
                });
                return "ok";
            case ["cut", string operations, string kind, string order, string seed, string directory]:
                var options = new CrashOptions(Enum.Parse<CrashKind>(kind), order == "journal", Number(seed));
                _disk.CrashAfter(Number(operations), options).WriteTo(directory, _disk.NodeOf);
                return "ok";
            case ["log", string file]:
                File.WriteAllLines(file, _disk.Log.Select((logged, number) => $"{number + 1} {logged}"));
                return "ok";
            case ["tally", string pattern]:
                return string.Join(' ', _disk.Log
                    .Where(logged => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, logged.Path, ignoreCase: false))
                    .GroupBy(logged => logged.Operation.GetType().Name)
                    .Select(group => $"{group.Key}={group.Count()}"));
            default:
                return "failed: no such command";
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
