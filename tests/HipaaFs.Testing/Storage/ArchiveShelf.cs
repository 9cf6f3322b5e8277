using HipaaFs.Storage;

namespace HipaaFs.Testing.Storage;

/// <summary>The storage classes of a store's objects and their restores, which outlive the store's opening. See <see cref="ArchivingObjectStore"/>.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ArchiveShelf
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Shelved> _objects = []; // Guarded by _lock.
    private readonly List<(ObjectKey Key, RestoreRequest Request)> _asked = []; // Guarded by _lock.

    /// <summary>Whether restores move the object itself, as Azure does it, instead of making a copy that goes away, as S3 does.</summary>
    public bool Moves { get; init; }

    /// <summary>Every restore that was asked for, in their order.</summary>
    public IReadOnlyList<(ObjectKey Key, RestoreRequest Request)> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    /// <summary>The tier of an object.</summary>
    public StorageTier TierOf(ObjectKey key) => Find(key).Tier;

    /// <summary>Ends the restores under way: their objects can be read from now on. How many there were.</summary>
    public int Finish(DateTimeOffset now)
    {
        lock (_lock)
        {
            List<KeyValuePair<ObjectKey, Shelved>> ongoing = [.. _objects.Where(static pair => pair.Value is { Days: > 0, Until: null })];
            foreach ((ObjectKey key, Shelved shelved) in ongoing)
            {
                _objects[key] = Moves ? new Shelved(StorageTier.Hot) : shelved with { Until = now.AddDays(shelved.Days) };
            }

            return ongoing.Count;
        }
    }

    /// <summary>Drops the restores under way, as a store does that has lost them.</summary>
    public void Lose()
    {
        lock (_lock)
        {
            foreach ((ObjectKey key, Shelved shelved) in _objects.ToList())
            {
                _objects[key] = shelved.Until is null ? new Shelved(shelved.Tier) : shelved;
            }
        }
    }

    /// <summary>Puts an object into a tier, whatever it was.</summary>
    internal void Put(ObjectKey key, StorageTier tier)
    {
        lock (_lock)
        {
            _objects[key] = new Shelved(tier);
        }
    }

    /// <summary>Whether an object has to be restored before it is read.</summary>
    internal bool IsOutOfReach(ObjectKey key, DateTimeOffset now) => Find(key) is { Tier: StorageTier.Archive } found && !(found.Until > now);

    /// <summary>Begins a restore, or has what is back stay longer; one under way goes on as it was asked for.</summary>
    internal void Ask(ObjectKey key, RestoreRequest request, DateTimeOffset now)
    {
        lock (_lock)
        {
            _asked.Add((key, request));
            Shelved found = _objects.GetValueOrDefault(key, new Shelved(StorageTier.Hot));
            _objects[key] = found switch
            {
                { Tier: not StorageTier.Archive } or { Days: > 0, Until: null } => found,
                { Until: { } until } when until > now => found with { Days = request.Days, Until = now.AddDays(request.Days) },
                _ => new Shelved(found.Tier, request.Days),
            };
        }
    }

    /// <summary>What the store says of an object.</summary>
    internal ObjectProperties Describe(ObjectProperties properties, DateTimeOffset now)
    {
        Shelved found = Find(properties.Key);
        bool isBack = found.Until > now;
        bool isUnderWay = found is { Tier: StorageTier.Archive, Days: > 0, Until: null };
        return properties with
        {
            Tier = found.Tier,
            Restore = isBack ? RestoreState.Available : isUnderWay ? RestoreState.InProgress : RestoreState.None,
            RestoredUntil = isBack ? found.Until : null,
        };
    }

    private Shelved Find(ObjectKey key)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault(key, new Shelved(StorageTier.Hot));
        }
    }

    private sealed record Shelved(StorageTier Tier, int Days = 0, DateTimeOffset? Until = null);
}
