using HipaaFs.Cli.Control;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Describes the stores of an open volume.</summary>
internal static class StoreReporting
{
    /// <summary>All of them by number, counted now.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public static async Task<IReadOnlyList<StoreReport>> DescribeAsync(Volume volume, TimeProvider time, CancellationToken cancel)
    {
        IReadOnlyList<StoreContents> contents = await volume.DescribeStoresAsync(cancel);
        VolumeStatus status = volume.GetStatus();
        DateTimeOffset now = time.GetUtcNow();
        return [.. contents.Select(store => ToReport(store, store.Store.Number == volume.HomeStore, status, now))];
    }

    private static StoreReport ToReport(StoreContents contents, bool isHome, VolumeStatus status, DateTimeOffset now)
    {
        RegisteredStore store = contents.Store;
        StoreStatus? known = status.Stores.FirstOrDefault(other => other.Number == store.Number);
        bool isHomeAway = isHome && !status.IsStoreReachable;
        DateTimeOffset? ofSingle = isHome && !status.IsReadOnly ? status.RecoveryPoint : null; // Of a volume's only store nothing is said by itself.
        DateTimeOffset? away = known?.AwaySince ?? (isHome ? status.StoreBreakerOpenSince : null);
        return new StoreReport(
            store.Number,
            store.Name,
            store.Url,
            store.Region,
            contents.IsAway || isHomeAway,
            contents.Problem ?? (isHomeAway ? status.StoreAdvice?.Text : null),
            Count(contents.Has),
            Count(contents.Alone),
            Count(contents.Surplus),
            Count(contents.Lacks),
            Count(contents.Condemned),
            contents.Placements)
        {
            Home = isHome,
            Mirror = known?.IsMirror ?? false,
            RecoveryPointSeconds = (known?.RecoveryPoint ?? ofSingle) is { } point ? Age(now, point) : null,
            AwaySeconds = away is { } since ? Age(now, since) : null,
            Waits = known?.Waits switch
            {
                ReplicationPause.Budget => StoreReport.WaitsForBudget,
                ReplicationPause.Window => StoreReport.WaitsForWindow,
                _ => null,
            },
            LagSeconds = known?.Lag?.Oldest is { } oldest && contents.Lacks.Segments > 0 ? Age(now, oldest) : null,
        };
    }

    private static SegmentCount Count(CopySum sum) => new(sum.Segments, sum.ObjectBytes);

    private static double Age(DateTimeOffset now, DateTimeOffset since) => Math.Round(Math.Max(0, (now - since).TotalSeconds), 1);
}
