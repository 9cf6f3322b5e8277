namespace HipaaFs.Cli.Policies;

/// <summary>One thing that is wrong with a policy, and where.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Text">What is wrong.</param>
internal readonly record struct PolicyProblem(PolicyPlace Place, string Text)
{
    /// <summary>The file, the place, then what is wrong there.</summary>
    public string In(string fileName) => $"{fileName}:{Place}: {Text}";
}
