using System.Text.Json.Serialization;
using HipaaFs.Cli.Commands;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Transfer;
using HipaaFs.Collection;
using HipaaFs.Placements;

namespace HipaaFs.Cli.Output;

/// <summary>Every type that goes into JSON, known at build time: starting a mount must not wait for reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DaemonReport))]
[JsonSerializable(typeof(MountStatus))]
[JsonSerializable(typeof(IReadOnlyList<MountStatus>))]
[JsonSerializable(typeof(UmountOutcome))]
[JsonSerializable(typeof(DeadMountCleared))]
[JsonSerializable(typeof(LostVersionList))]
[JsonSerializable(typeof(ScrubResult))]
[JsonSerializable(typeof(SnapshotLine))]
[JsonSerializable(typeof(TrashRestoreResult))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotLine>))]
[JsonSerializable(typeof(DifferenceLine))]
[JsonSerializable(typeof(GarbageReport))]
[JsonSerializable(typeof(UnknownReport))]
[JsonSerializable(typeof(InitResult))]
[JsonSerializable(typeof(FsckResult))]
[JsonSerializable(typeof(RestoreResult))]
[JsonSerializable(typeof(IReadOnlyList<KeyWrapLine>))]
[JsonSerializable(typeof(KeyWrapLine))]
[JsonSerializable(typeof(ConfigCheckResult))]
[JsonSerializable(typeof(PolicyCheckResult))]
[JsonSerializable(typeof(PolicyExplainResult))]
[JsonSerializable(typeof(PolicyPlan))]
[JsonSerializable(typeof(IReadOnlyList<StoreReport>))]
[JsonSerializable(typeof(IReadOnlyList<QuotaReport>))]
[JsonSerializable(typeof(RecallReport))]
[JsonSerializable(typeof(StoreVerification))]
[JsonSerializable(typeof(StoreChange))]
[JsonSerializable(typeof(StoreRemoval))]
[JsonSerializable(typeof(StoreShipment))]
[JsonSerializable(typeof(StoreForgotten))]
[JsonSerializable(typeof(MirrorState))]
[JsonSerializable(typeof(CacheReport))]
[JsonSerializable(typeof(ResidencyReport))]
[JsonSerializable(typeof(CostReport))]
[JsonSerializable(typeof(TransitionReport))]
[JsonSerializable(typeof(VersionResult))]
[JsonSerializable(typeof(TransferResult))]
[JsonSerializable(typeof(TransferRecord))]
[JsonSerializable(typeof(TransferJournalKey))]
[JsonSerializable(typeof(VerifyResult))]
internal sealed partial class JsonOutput : JsonSerializerContext;
