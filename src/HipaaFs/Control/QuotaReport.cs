namespace HipaaFs.Cli.Control;

/// <summary>The quota of a directory tree.</summary>
/// <param name="Path">The directory, as the policy that set it calls it.</param>
/// <param name="Total">Everybody together.</param>
/// <param name="Users">Those who have something in it, or a limit of their own.</param>
internal sealed record QuotaReport(string Path, QuotaUse Total, IReadOnlyList<QuotaUse> Users);
