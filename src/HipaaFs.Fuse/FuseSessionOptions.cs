namespace HipaaFs.Fuse;

/// <summary>How a FUSE session mounts and runs.</summary>
public sealed record FuseSessionOptions
{
    /// <summary>Shown as the source in mount tables. Defaults to "fuse".</summary>
    public string FileSystemName { get; init; } = "fuse";

    /// <summary>The mount's type is <c>fuse.SUBTYPE</c>. Empty means plain <c>fuse</c>, the default.</summary>
    public string Subtype { get; init; } = "";

    /// <summary>Other users may use the mount. Defaults to false; the unprivileged need user_allow_other in /etc/fuse.conf.</summary>
    public bool AllowOther { get; init; }

    /// <summary>The kernel checks mode bits. Defaults to true.</summary>
    public bool DefaultPermissions { get; init; } = true;

    /// <summary>Read-only mount. Defaults to false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>suid and sgid bits have no effect. Defaults to true; only the privileged may say false.</summary>
    public bool NoSuid { get; init; } = true;

    /// <summary>Device nodes have no effect. Defaults to true; only the privileged may say false.</summary>
    public bool NoDev { get; init; } = true;

    /// <summary>Nothing can be executed. Defaults to false.</summary>
    public bool NoExec { get; init; }

    /// <summary>No access times. Defaults to false.</summary>
    public bool NoAtime { get; init; }

    /// <summary>Synchronous writes. Defaults to false.</summary>
    public bool Sync { get; init; }

    /// <summary>Synchronous directory changes. Defaults to false.</summary>
    public bool DirSync { get; init; }

    /// <summary>Largest READ in bytes (mount option max_read). Defaults to 0: <see cref="MaxRequestBytes"/>.</summary>
    public int MaxRead { get; init; }

    /// <summary>What to ask the kernel for. What this library needs is added, what it cannot serve is taken away.</summary>
    public FuseCapabilities Capabilities { get; init; } = FuseCapabilities.LocalFileSystem;

    /// <summary>Largest READ and WRITE in bytes, a multiple of 4096 of at most 1 MiB. Defaults to 1 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 1 << 20;

    /// <summary>Most request threads. Defaults to twice the processors, at least 4, at most 16: some may wait for a disk while others work.</summary>
    public int Threads { get; init; } = Math.Clamp(2 * Environment.ProcessorCount, 4, 16);

    /// <summary>How long a lone request thread looks for the next request before it sleeps, in microseconds, while that pays.
    /// Defaults to 100; 0 never looks. Costs processor time only between calls that follow each other closely.</summary>
    public int PollMicroseconds { get; init; } = 100;

    /// <summary>Keeps the machine's idle processors from halting while requests come in a dense row, 5,000 a second and more (/dev/cpu_dma_latency, root): small
    /// calls, which are two wake-ups each, take half the time and less. Idle processors then poll, which costs power and, in a virtual machine, its host's
    /// time. Defaults to false; without effect where the device cannot be opened.</summary>
    public bool KeepProcessorsAwake { get; init; }

    /// <summary>Large requests (payload above 64 KiB) in service at a time; each can occupy <see cref="MaxRequestBytes"/> of memory. Defaults to 24.</summary>
    public int MaxLargeRequests { get; init; } = 24;

    /// <summary>Requests in service at a time; small ones occupy two pages each. Defaults to 1024. When all are taken the kernel waits.</summary>
    public int MaxRequests { get; init; } = 1024;

    /// <summary>Background requests (read-ahead, write-back, asynchronous I/O) the kernel sends at a time. Defaults to 24.</summary>
    public int MaxBackground { get; init; } = 24;

    /// <summary>Background requests at which the kernel considers the mount congested. Defaults to 0: three quarters of <see cref="MaxBackground"/>.</summary>
    public int CongestionThreshold { get; init; }

    /// <summary>Granularity of times in nanoseconds. Defaults to 1.</summary>
    public int TimeGranularity { get; init; } = 1;

    /// <summary>File systems that may be stacked below in passthrough. Defaults to 0; 1 or 2 with <see cref="FuseCapabilities.Passthrough"/>.</summary>
    public int MaxStackDepth { get; init; }

    /// <summary>Seconds after which the kernel aborts the connection over an unanswered request (7.43). Defaults to 0: never.</summary>
    public int RequestTimeoutSeconds { get; init; }

    /// <summary>Read-ahead of the mount in KiB, set by /sys/class/bdi where the caller may (root). Defaults to 0: the kernel's.</summary>
    public int ReadAheadKilobytes { get; init; }

    /// <summary>Mounts with fusermount3 even when mount(2) is possible. Defaults to false.</summary>
    public bool UseFusermount { get; init; }

    /// <summary>Adds one line to <paramref name="problems"/> for each setting that cannot be honoured.</summary>
    public void Validate(ICollection<string> problems)
    {
        if (MaxRequestBytes is < 8192 or > 1 << 20 || MaxRequestBytes % 4096 != 0)
        {
            problems.Add($"MaxRequestBytes: {MaxRequestBytes} must be a multiple of 4096 from 8192 to 1048576");
        }

        RequireRange(problems, nameof(Threads), Threads, 1, 64);
        RequireRange(problems, nameof(PollMicroseconds), PollMicroseconds, 0, 1000);
        RequireRange(problems, nameof(MaxLargeRequests), MaxLargeRequests, 1, 4096);
        RequireRange(problems, nameof(MaxRequests), MaxRequests, Threads + 1, 65536);
        RequireRange(problems, nameof(MaxBackground), MaxBackground, 1, ushort.MaxValue);
        RequireRange(problems, nameof(CongestionThreshold), CongestionThreshold, 0, MaxBackground);
        RequireRange(problems, nameof(TimeGranularity), TimeGranularity, 1, 1_000_000_000);
        RequireRange(problems, nameof(MaxStackDepth), MaxStackDepth, 0, 2);
        RequireRange(problems, nameof(RequestTimeoutSeconds), RequestTimeoutSeconds, 0, ushort.MaxValue);
        RequireRange(problems, nameof(ReadAheadKilobytes), ReadAheadKilobytes, 0, 1 << 20);
        RequireRange(problems, nameof(MaxRead), MaxRead, 0, MaxRequestBytes);
        if (FileSystemName.Length == 0 || FileSystemName.Contains('\n'))
        {
            problems.Add("FileSystemName: must be one line and not empty");
        }

        if (Subtype.AsSpan().ContainsAny(", \n./"))
        {
            problems.Add("Subtype: must not contain a comma, a dot, a slash or white space");
        }
    }

    private static void RequireRange(ICollection<string> problems, string name, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            problems.Add($"{name}: {value} must be from {least} to {most}");
        }
    }
}
