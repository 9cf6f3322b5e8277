using HipaaFs.Collection;

namespace HipaaFs.Compaction;

/// <summary>How hard compaction works.</summary>
internal sealed record CompactionOptions
{
    /// <summary>In the background: little bandwidth, and no file that is being worked on.</summary>
    internal static CompactionOptions Background { get; } = new() { BytesPerSecond = 8L << 20, IdleAge = TimeSpan.FromMinutes(1) };

    /// <summary>When somebody waits for it.</summary>
    internal static CompactionOptions Now { get; } = new();

    /// <summary>Bytes read for each second; 0 is no limit.</summary>
    internal long BytesPerSecond { get; init; }

    /// <summary>How long a file must not have been written to before its scattered stretches are written anew.</summary>
    internal TimeSpan IdleAge { get; init; }

    /// <summary>Told how far it is; null when nobody asks.</summary>
    internal IProgress<GarbageProgress>? Progress { get; init; }
}
