using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Shipping;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Control;

/// <summary>What the control socket can ask of a daemon. Failures are <see cref="CommandException"/>s, which go to the caller as they are.</summary>
internal interface IControlTarget
{
    /// <summary>How the mount is.</summary>
    MountStatus GetStatus();

    /// <summary>Makes everything written so far durable on this machine.</summary>
    Task SyncAsync(CancellationToken cancel);

    /// <summary>Rewrites and deletes now what the store holds in vain.</summary>
    Task<GarbageReport> CollectGarbageAsync(Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Looks for segments of the store that the volume knows nothing of, and deletes them if told to.</summary>
    Task<UnknownReport> SweepUnknownAsync(bool deletes, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Uploads everything and detaches; with <paramref name="now"/> detaches at once and leaves what is staged.</summary>
    Task<UmountOutcome> UmountAsync(bool now, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>The snapshots, oldest first.</summary>
    Task<IReadOnlyList<SnapshotLine>> ListSnapshotsAsync(CancellationToken cancel);

    /// <summary>Takes a snapshot; without a name it is called by its time.</summary>
    Task<SnapshotLine> CreateSnapshotAsync(string? name, CancellationToken cancel);

    /// <summary>Deletes a snapshot and answers what it was.</summary>
    Task<SnapshotLine> DeleteSnapshotAsync(string name, CancellationToken cancel);

    /// <summary>Tells what differs between a snapshot and a later one, or the live state, one after the other.</summary>
    Task CompareSnapshotsAsync(string from, string? to, Func<DifferenceLine, CancellationToken, ValueTask> tell, CancellationToken cancel);

    /// <summary>Stops uploading and closes the volume, if nothing is mounted any more, so that a new mount can open it.</summary>
    Task HandOverAsync(CancellationToken cancel);

    /// <summary>What was removed or written over at or below a path of the volume and can be had back, the latest loss first.</summary>
    Task<LostVersionList> ListTrashAsync(string path, int limit, CancellationToken cancel);

    /// <summary>Reads everything in the store and puts back what is not as it was written.</summary>
    /// <exception cref="CommandException">It cannot be done, or was ended.</exception>
    Task<ScrubResult> ScrubAsync(ScrubOptions options, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>The stores: what each has and lacks.</summary>
    Task<IReadOnlyList<StoreReport>> ListStoresAsync(CancellationToken cancel);

    /// <summary>The quotas, and what is used of them.</summary>
    Task<IReadOnlyList<QuotaReport>> ListQuotasAsync(CancellationToken cancel);

    /// <summary>Has files brought back from archives, or says what that would ask for.</summary>
    /// <param name="files">The files.</param>
    /// <param name="request">How urgently, and for how many days.</param>
    /// <param name="asks">Whether it is asked for.</param>
    /// <param name="cancel">Ends it; what was asked for stays asked for.</param>
    Task<RecallReport> RecallAsync(IReadOnlyCollection<InodeId> files, RestoreRequest request, bool asks, CancellationToken cancel);

    /// <summary>What a policy would change; with <paramref name="applies"/> changes it.</summary>
    /// <param name="text">The policy.</param>
    /// <param name="file">Its file, for messages.</param>
    /// <param name="applies">Whether it is done.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    Task<PolicyPlan> UsePolicyAsync(ReadOnlyMemory<byte> text, string file, bool applies, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Reads what one store has and makes again what is bad; or, with <paramref name="repairs"/>, asks for each segment whether it is there, and has it get what it lacks.</summary>
    /// <param name="name">The store.</param>
    /// <param name="bytesPerSecond">Most bytes a second to read; 0 for no limit.</param>
    /// <param name="repairs">Which of the two.</param>
    /// <param name="waits">With <paramref name="repairs"/>: until it lacks nothing.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    Task<StoreVerification> VerifyStoreAsync(string name, long bytesPerSecond, bool repairs, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Has a store emptied.</summary>
    /// <param name="name">The store.</param>
    /// <param name="target">The one that takes its place; null for its replicas.</param>
    /// <param name="waits">Whether to return only when it is empty.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task<StoreChange> EmptyStoreAsync(string name, string? target, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Does one step of having a store take the place of another with disks that are shipped.</summary>
    /// <param name="from">The store that is emptied.</param>
    /// <param name="to">The store that gets it.</param>
    /// <param name="directory">The directory of the disk, absolute; null for what was uploaded elsewhere.</param>
    /// <param name="word">out writes the disk; in takes what is on it; received takes what is in the store already.</param>
    /// <param name="step">How it is written.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; run again it goes on.</param>
    Task<StoreShipment> ShipAsync(string from, string to, string? directory, string word, ShipmentStep step, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Where the data of each directory of the policy is.</summary>
    Task<ResidencyReport> ReportResidencyAsync(Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>What stores and directories cost.</summary>
    Task<CostReport> ReportCostAsync(Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Counts the files that are old enough at a moment for another tier, and unless <paramref name="countsOnly"/> has them go there.</summary>
    Task<TransitionReport> TransitionAsync(DateTimeOffset asOf, bool countsOnly, CancellationToken cancel);

    /// <summary>Takes a store away that nothing is in and no placement names.</summary>
    Task<StoreRemoval> RemoveStoreAsync(string name, CancellationToken cancel);

    /// <summary>What is in the cache, and what stays there.</summary>
    Task<CacheReport> DescribeCacheAsync(CancellationToken cancel);

    /// <summary>Brings data of files into the cache, has it stay there, or no more.</summary>
    /// <param name="use">Which of these.</param>
    /// <param name="inodes">The files.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; what is there stays.</param>
    Task<CacheReport> UseCacheAsync(CacheUse use, IReadOnlyList<ulong> inodes, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Takes a store away that does not come back; unless <paramref name="isConfirmed"/> refuses, and says what would be lost.</summary>
    Task<StoreForgotten> ForgetStoreAsync(string name, bool isConfirmed, CancellationToken cancel);
}
