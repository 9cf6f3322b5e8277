namespace HipaaFs.FaultFs.Crash;

/// <summary>How the power goes.</summary>
/// <param name="Kind">What of the unsynced is kept.</param>
/// <param name="Journal">Whether names become durable in their order, and each sync takes all earlier ones along, as in the journal of ext4;
/// else only a sync of the directory makes a name durable, and each one is lost or kept by itself.</param>
/// <param name="Seed">Of the dice.</param>
public readonly record struct CrashOptions(CrashKind Kind, bool Journal, int Seed);
