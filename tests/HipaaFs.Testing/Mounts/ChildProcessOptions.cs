namespace HipaaFs.Testing.Mounts;

/// <summary>How a child process is run.</summary>
public sealed record ChildProcessOptions
{
    /// <summary>Directory it starts in; null: the test's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>When it is ended, with everything it started.</summary>
    public TimeSpan Timeout { get; init; } = ChildProcess.DefaultTimeout;

    /// <summary>Text for its standard input; null: an empty one.</summary>
    public string? Input { get; init; }

    /// <summary>Variables set (or, with null, removed) on top of the test's own.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
}
