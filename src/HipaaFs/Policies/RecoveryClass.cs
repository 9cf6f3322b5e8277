namespace HipaaFs.Cli.Policies;

/// <summary>What is expected after the loss of a store, a machine or a site.</summary>
/// <param name="Name">What the policy calls it.</param>
/// <param name="Rpo">Recovery point objective: how long data may be on one store alone.</param>
/// <param name="Rto">Recovery time objective: how long it may take until data can be read again.</param>
internal sealed record RecoveryClass(string Name, TimeSpan Rpo, TimeSpan Rto);
