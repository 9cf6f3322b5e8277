using System.Diagnostics;

namespace HipaaFs.Testing.Mounts;

/// <summary>Runs a program to its end, or ends it and everything it started when its time is over.</summary>
/// <remarks>
/// Tests touch a mount only through children: a filesystem that does not answer then stops one child and not the test
/// process. Output is read to its end; a daemon that kept the pipe open is told by <see cref="ProcessOutcome.PipesLeftOpen"/>.
/// The times only end what hangs: they are far above what a machine under load needs.
/// </remarks>
public static class ChildProcess
{
    /// <summary>The time a child gets when a test names none.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(4);

    /// <summary>The time for work that takes a good while on an idle machine already.</summary>
    public static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan PipeGrace = TimeSpan.FromSeconds(30);

    /// <summary>Runs <paramref name="file"/> and waits for its end.</summary>
    /// <param name="file">Program, looked up on PATH.</param>
    /// <param name="arguments">Its arguments, unquoted.</param>
    /// <param name="options">Directory, environment, input and time; null for the defaults.</param>
    public static async Task<ProcessOutcome> RunAsync(string file, IReadOnlyList<string> arguments, ChildProcessOptions? options = null)
    {
        options ??= new ChildProcessOptions();
        using Process process = Start(file, arguments, options);
        var clock = Stopwatch.StartNew();
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        Task pipes = Task.WhenAll(
            process.StandardOutput.BaseStream.CopyToAsync(output),
            process.StandardError.BaseStream.CopyToAsync(error));
        await FeedAsync(process, options.Input);

        bool timedOut = !await WaitAsync(process, options.Timeout);
        if (timedOut)
        {
            process.Kill(entireProcessTree: true);
            await WaitAsync(process, PipeGrace);
        }

        clock.Stop();
        bool leftOpen = await Task.WhenAny(pipes, Task.Delay(PipeGrace)) != pipes;
        return new ProcessOutcome(
            $"{file} {string.Join(' ', arguments)}",
            timedOut || !process.HasExited ? -1 : process.ExitCode,
            Snapshot(output),
            System.Text.Encoding.UTF8.GetString(Snapshot(error)),
            timedOut,
            clock.Elapsed)
        {
            PipesLeftOpen = leftOpen,
        };
    }

    /// <summary>Starts a program with redirected streams and leaves it to the caller.</summary>
    public static Process Start(string file, IReadOnlyList<string> arguments, ChildProcessOptions options)
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.WorkingDirectory ?? string.Empty,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // Tools sort and print by locale; a test compares bytes.
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["TZ"] = "UTC";
        foreach ((string name, string? value) in options.Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"start {file}: no process came of it");
    }

    /// <summary>Waits until the process has ended; false when the time was over first.</summary>
    public static async Task<bool> WaitAsync(Process process, TimeSpan timeout)
    {
        using var late = new CancellationTokenSource(timeout);
        try
        {
            await process.WaitForExitAsync(late.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return process.HasExited;
        }
    }

    private static async Task FeedAsync(Process process, string? input)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input);
            }

            process.StandardInput.Close();
        }
        catch (IOException) when (process.HasExited)
        {
            // It ended without reading its input: the exit code tells what the test needs to know.
        }
    }

    private static byte[] Snapshot(MemoryStream stream)
    {
        // Closed pipes are complete; a pipe that a daemon kept open is taken as far as it has come.
        return stream.GetBuffer().AsSpan(0, (int)stream.Length).ToArray();
    }
}
