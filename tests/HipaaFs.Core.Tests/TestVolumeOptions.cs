using HipaaFs.Snapshots;
using HipaaFs.Staging;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests;

/// <summary>What a test's volume is made with.</summary>
internal sealed record TestVolumeOptions
{
    /// <summary>On a clock that stands still: nothing is written back, committed, finished, uploaded or published by itself, however slow the machine is. What is left of a large file that is closed is finished and uploaded all the same.</summary>
    public static TestVolumeOptions Still => new() { Time = new ManualTimeProvider() };

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public long MemoryBytes { get; init; } = 64L << 20;

    public long CacheBytes { get; init; } = 1L << 30;

    public long StagingBytes { get; init; } = 1L << 30;

    public StagingFullMode WhenFull { get; init; } = StagingFullMode.Block;

    public SnapshotDirectoryMode SnapshotDirectory { get; init; }

    public int TrashDays { get; init; }

    public int CookieShift { get; init; } = 2;

    /// <summary>Null is the usual place in the volume's directory.</summary>
    public string? StagingDirectory { get; init; }
}
