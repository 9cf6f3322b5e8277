using System.Diagnostics;

namespace HipaaFs.Testing.Mounts;

/// <summary>A volume of its own and its mount, served by the real executable in a child process.</summary>
/// <remarks>
/// Everything lies below one temporary directory. The daemon runs in the foreground so that its end and its words are
/// seen; disposal ends it, detaches what is left of the mount and deletes the directory (HIPAAFS_TEST_KEEP=1 keeps it).
/// Home and runtime directory are the test's own, so keys and sockets of the user are never touched.
/// </remarks>
public sealed class MountedVolume : IAsyncDisposable
{
    // These only end what hangs: they are far above what a machine under load needs.
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(3);

    private readonly MountedVolumeOptions _options;
    private readonly string _work;
    private Process? _daemon;
    private readonly DaemonLog _log;

    private MountedVolume(MountedVolumeOptions options, string work)
    {
        _options = options;
        _work = work;
        Volume = Path.Combine(options.VolumeParent ?? work, "volume");
        Store = Path.Combine(work, "store");
        Root = Path.Combine(work, "mnt");
        Home = Path.Combine(work, "home");
        _log = new DaemonLog(Path.Combine(work, "daemon.log"));
    }

    /// <summary>The mount point.</summary>
    public string Root { get; }

    /// <summary>The VOLUME directory.</summary>
    public string Volume { get; }

    /// <summary>The directory of the store; inside VOLUME only when the options say so.</summary>
    public string Store { get; }

    /// <summary>The home directory that hipaafs is given: keys lie below it.</summary>
    public string Home { get; }

    /// <summary>The temporary directory of everything; a test may use it for its own files, on the local disk.</summary>
    public string Work => _work;

    /// <summary>Process id of the daemon.</summary>
    public int DaemonId => (_daemon ?? throw new InvalidOperationException("the volume is not mounted")).Id;

    /// <summary>What the daemon ended with.</summary>
    public int DaemonExitCode => (_daemon ?? throw new InvalidOperationException("the volume is not mounted")).ExitCode;

    /// <summary>Whether the daemon has ended.</summary>
    public bool DaemonHasExited => _daemon is null || _daemon.HasExited;

    /// <summary>The key file that init made.</summary>
    public string KeyFile => Directory.GetFiles(Path.Combine(Home, ".config", "hipaafs", "keys"), "*.key").Single();

    /// <summary>Everything that all daemons of this volume wrote so far, to their streams and to the volume's log.</summary>
    public string Log => _log.Read() + ReadLogFiles();

    /// <summary>The end of <see cref="Log"/>, for the message of a failed test.</summary>
    public string LogTail
    {
        get
        {
            const int Limit = 5000;
            string log = Log;
            return log.Length <= Limit ? log : string.Concat("...", log.AsSpan(log.Length - Limit));
        }
    }

    /// <summary>Makes a volume and mounts it. Skips the test where nothing can be mounted.</summary>
    public static async Task<MountedVolume> CreateAsync(MountedVolumeOptions? options = null)
    {
        MountPrerequisites.RequireFuse();
        options ??= new MountedVolumeOptions();
        string work = Directory.CreateTempSubdirectory("hipaafs-mount-").FullName;
        var volume = new MountedVolume(options, work);
        try
        {
            await volume.InitialiseAsync();
            if (options.Mount)
            {
                await volume.MountAsync();
            }
        }
        catch
        {
            await volume.DisposeAsync();
            throw;
        }

        return volume;
    }

    /// <summary>Runs a command of the driver in this volume's environment.</summary>
    public Task<ProcessOutcome> RunAsync(params string[] arguments)
    {
        return RunAsync(ChildProcess.DefaultTimeout, input: null, arguments);
    }

    /// <summary>Runs a command of the driver with a time limit and standard input.</summary>
    public Task<ProcessOutcome> RunAsync(TimeSpan timeout, string? input, params string[] arguments)
    {
        return ChildProcess.RunAsync(
            DriverExecutable.Locate(),
            arguments,
            new ChildProcessOptions { Timeout = timeout, Input = input, Environment = Environment });
    }

    /// <summary>Runs a shell script in a directory of the mount; the test fails unless it succeeds. Returns its output.</summary>
    public Task<string> ShellAsync(string script, TimeSpan? timeout = null)
    {
        return Shell.CheckAsync(script, Root, timeout);
    }

    /// <summary>Mounts the volume in the foreground and returns when the filesystem answers; the test fails when it never does.</summary>
    public async Task MountAsync(params string[] moreOptions)
    {
        if (!await TryMountAsync(moreOptions))
        {
            Xunit.Assert.Fail($"mount ended with {_daemon!.ExitCode}\n{LogTail}");
        }
    }

    /// <summary>Mounts as <see cref="MountAsync"/> does. Returns false when the daemon ended before the filesystem answered.</summary>
    public async Task<bool> TryMountAsync(params string[] moreOptions)
    {
        string options = string.Join(',', new[] { _options.MountOptions }.Concat(moreOptions).Where(option => option.Length > 0));
        string[] arguments = options.Length == 0
            ? ["mount", Volume, Root, "--foreground"]
            : ["mount", Volume, Root, "--foreground", "-o", options];
        _daemon?.Dispose();
        _daemon = ChildProcess.Start(DriverExecutable.Locate(), arguments, new ChildProcessOptions { Environment = Environment });
        _log.Follow(_daemon);
        return await WaitUntilReadyAsync(_daemon);
    }

    /// <summary>Runs `hipaafs umount` and waits for the daemon's end.</summary>
    public async Task UnmountAsync()
    {
        (await RunAsync("umount", Root)).EnsureSucceeded();
        await WaitForDaemonAsync(StopTimeout);
    }

    /// <summary>Sends SIGTERM and waits for the daemon's end. Returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync("TERM");
        await WaitForDaemonAsync(StopTimeout);
        return _daemon!.ExitCode;
    }

    /// <summary>Ends the daemon as a crash does: SIGKILL, no word, no clean-up.</summary>
    public async Task KillAsync()
    {
        await SignalAsync("KILL");
        await WaitForDaemonAsync(StopTimeout);
    }

    /// <summary>Detaches a mount whose server is gone.</summary>
    public async Task DetachAsync()
    {
        while (MountTable.IsMounted(Root))
        {
            string[] command = MountPrerequisites.IsRoot ? ["umount", "-l", Root] : ["fusermount3", "-u", "-z", Root];
            (await ChildProcess.RunAsync(command[0], command[1..])).EnsureSucceeded();
        }
    }

    /// <summary>Waits until the daemon has ended; fails the test when it does not.</summary>
    public async Task WaitForDaemonAsync(TimeSpan timeout)
    {
        if (_daemon is not null && !await ChildProcess.WaitAsync(_daemon, timeout))
        {
            Xunit.Assert.Fail($"the daemon still runs {timeout.TotalSeconds} s after it was asked to end\n{LogTail}");
        }
    }

    /// <summary>Writes dirty pages back and empties the kernel's page, entry and inode caches. Root only.</summary>
    public static async Task DropKernelCachesAsync()
    {
        MountPrerequisites.RequireRoot();
        await Shell.CheckAsync("sync; echo 3 > /proc/sys/vm/drop_caches", "/");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null && !_daemon.HasExited)
        {
            await SignalAsync("TERM");
            if (!await ChildProcess.WaitAsync(_daemon, StopTimeout))
            {
                await KillAsync();
            }
        }

        _daemon?.Dispose();
        await DetachAsync();
        await WaitForBackgroundDaemonAsync();
        if (System.Environment.GetEnvironmentVariable("HIPAAFS_TEST_KEEP") != "1")
        {
            await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", _work);
            if (_options.VolumeParent is not null)
            {
                await Shell.RunAsync("rm -rf --one-file-system volume", _options.VolumeParent);
            }
        }
    }

    /// <summary>The variables that keep the driver's keys, sockets and settings inside the test.</summary>
    public IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?>
    {
        ["HOME"] = Home,
        ["XDG_CONFIG_HOME"] = null,
        ["XDG_RUNTIME_DIR"] = Path.Combine(_work, "run"),
    };

    private async Task InitialiseAsync()
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Home);
        await Shell.CheckAsync("install -d -m 0700 run", _work);
        List<string> arguments = ["init", Volume, "--no-recovery-key"];
        if (_options.Store is not null || _options.SeparateStore)
        {
            arguments.AddRange(["--store", _options.Store ?? $"file://{Store}"]);
        }

        (await RunAsync([.. arguments])).EnsureSucceeded();
        if (_options.Configuration.Length > 0)
        {
            await File.AppendAllTextAsync(Path.Combine(Volume, "volume.yaml"), _options.Configuration);
        }
    }

    private async Task<bool> WaitUntilReadyAsync(Process daemon)
    {
        var clock = Stopwatch.StartNew();
        while (!MountTable.IsMounted(Root) || !await AnswersAsync())
        {
            if (daemon.HasExited)
            {
                return false;
            }

            if (clock.Elapsed > ReadyTimeout)
            {
                await KillAsync();
                Xunit.Assert.Fail($"the mount did not answer within {ReadyTimeout.TotalSeconds} s\n{LogTail}");
            }

            await Task.Delay(10);
        }

        return true;
    }

    private async Task<bool> AnswersAsync()
    {
        // A dead mount that a crash left behind is in the table until the new daemon clears it away, and the directory
        // below it would answer: only a FUSE filesystem that answers is ready (FUSE_SUPER_MAGIC, statfs(2)).
        ProcessOutcome outcome = await ChildProcess.RunAsync(
            "stat", ["--file-system", "--format=%t", "--", Root], new ChildProcessOptions { Timeout = ReadyTimeout });
        return outcome.Succeeded && outcome.Text.Trim() == "65735546";
    }

    private string ReadLogFiles()
    {
        string directory = Path.Combine(Volume, "log");
        return Directory.Exists(directory)
            ? string.Concat(Directory.GetFiles(directory).Order(StringComparer.Ordinal).Select(File.ReadAllText))
            : string.Empty;
    }

    // A daemon that a test started in the background uploads on after its mount is gone; the directory must outlive it.
    private async Task WaitForBackgroundDaemonAsync()
    {
        string held = Path.Combine(Volume, "lock");
        if (_daemon is null && File.Exists(held))
        {
            // Its end is the event: it holds this lock until then.
            string seconds = StopTimeout.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await ChildProcess.RunAsync("flock", ["--wait", seconds, held, "true"], new ChildProcessOptions { Timeout = StopTimeout * 2 });
        }
    }

    private async Task SignalAsync(string signal)
    {
        if (!DaemonHasExited)
        {
            await ChildProcess.RunAsync("kill", ["-s", signal, DaemonId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        }
    }
}
