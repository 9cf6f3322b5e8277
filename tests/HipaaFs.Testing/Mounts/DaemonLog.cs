using System.Diagnostics;

namespace HipaaFs.Testing.Mounts;

/// <summary>Collects in one file what the daemons of a volume write to their standard streams.</summary>
internal sealed class DaemonLog
{
    private readonly string _path;
    private readonly Lock _lock = new();

    /// <summary>Collects into the file at <paramref name="path"/>.</summary>
    public DaemonLog(string path)
    {
        _path = path;
    }

    /// <summary>Takes every line of both streams from now on.</summary>
    public void Follow(Process daemon)
    {
        daemon.OutputDataReceived += (_, line) => Append(line.Data);
        daemon.ErrorDataReceived += (_, line) => Append(line.Data);
        daemon.BeginOutputReadLine();
        daemon.BeginErrorReadLine();
    }

    /// <summary>Everything so far.</summary>
    public string Read()
    {
        lock (_lock)
        {
            return File.Exists(_path) ? File.ReadAllText(_path) : string.Empty;
        }
    }

    private void Append(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            File.AppendAllText(_path, line + "\n");
        }
    }
}
