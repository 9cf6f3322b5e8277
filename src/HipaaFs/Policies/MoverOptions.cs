using HipaaFs.Transitions;

namespace HipaaFs.Cli.Policies;

/// <summary>When and how fast transitions move data.</summary>
/// <param name="Windows">When; empty for always.</param>
/// <param name="BytesPerSecond">How fast; null for no limit.</param>
internal sealed record MoverOptions(IReadOnlyList<TimeWindow> Windows, long? BytesPerSecond);
