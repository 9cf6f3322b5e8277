namespace HipaaFs.Core.Tests;

/// <summary>Tests that measure the memory of their process, and so run when no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = nameof(Alone);
}
