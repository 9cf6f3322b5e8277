namespace HipaaFs.Cli.Policies;

/// <summary>One node of the tree that a policy file is before anything of it is understood.</summary>
internal abstract record PolicyNode(PolicyPlace Place);
