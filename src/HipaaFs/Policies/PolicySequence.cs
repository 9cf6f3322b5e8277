namespace HipaaFs.Cli.Policies;

/// <summary>A list.</summary>
internal sealed record PolicySequence(PolicyPlace Place, IReadOnlyList<PolicyNode> Items) : PolicyNode(Place);
