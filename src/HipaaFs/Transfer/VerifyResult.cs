namespace HipaaFs.Cli.Transfer;

/// <summary>What a comparison with a manifest found.</summary>
/// <param name="Place">Where the files are.</param>
/// <param name="Intact">Files that are as the manifest says.</param>
/// <param name="IntactBytes">Their bytes.</param>
/// <param name="Failures">Files that are not, are missing, or are not named.</param>
internal sealed record VerifyResult(string Place, int Intact, long IntactBytes, IReadOnlyList<TransferFailure> Failures);
