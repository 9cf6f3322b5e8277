namespace HipaaFs.Cli.Transfer;

/// <summary>A file that was not copied, or is not as a manifest says.</summary>
/// <param name="Path">The file, below its tree's root.</param>
/// <param name="Reason">Why.</param>
internal sealed record TransferFailure(string Path, string Reason);
