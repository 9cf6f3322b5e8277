namespace HipaaFs.Cli.Placing;

/// <summary>How much there is.</summary>
/// <param name="Directories">Directories.</param>
/// <param name="Files">Files.</param>
/// <param name="Bytes">Bytes of data in them; holes are not among them.</param>
internal readonly record struct SurveyCount(long Directories, long Files, long Bytes)
{
    /// <summary>Both together.</summary>
    public static SurveyCount operator +(SurveyCount left, SurveyCount right) =>
        new(left.Directories + right.Directories, left.Files + right.Files, left.Bytes + right.Bytes);
}
