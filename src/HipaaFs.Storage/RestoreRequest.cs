namespace HipaaFs.Storage;

/// <summary>What a recall asks of the store.</summary>
/// <param name="Speed">How urgently.</param>
/// <param name="Days">How many days the restored copy stays readable; at least 1.</param>
public sealed record RestoreRequest(RestoreSpeed Speed, int Days);
