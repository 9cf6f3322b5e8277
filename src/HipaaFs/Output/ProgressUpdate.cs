namespace HipaaFs.Cli.Output;

/// <summary>How far a long piece of work is.</summary>
/// <param name="Stage">What is being done, in a few words.</param>
/// <param name="Done">Units done so far.</param>
/// <param name="Total">Units in all; 0 while unknown.</param>
/// <param name="Unit">What is counted: "bytes", "segments", "rows".</param>
internal readonly record struct ProgressUpdate(string Stage, long Done, long Total, string Unit);
