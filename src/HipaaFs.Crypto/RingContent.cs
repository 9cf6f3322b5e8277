namespace HipaaFs.Crypto;

/// <summary>Everything a ring says, in the order in which it is written; keys stay sealed in it.</summary>
internal sealed class RingContent
{
    public required Guid VolumeId { get; init; }

    public required ulong Generation { get; set; }

    public long Created { get; set; }

    /// <summary>SHA-256 of the generation before, zeros in the first.</summary>
    public required byte[] Previous { get; set; }

    public List<RingGuard> Guards { get; init; } = [];

    public List<RingDomain> Domains { get; init; } = [];

    public List<RingKey> Keys { get; init; } = [];

    public RingGuard? FindGuard(uint id) => Guards.Find(guard => guard.Id == id);

    public int FindDomain(DomainId id) => Domains.FindIndex(domain => domain.Id == id);

    /// <summary>The current epoch's key of a domain.</summary>
    /// <exception cref="KeyNotFoundException">There is no such domain, or its keys were taken out.</exception>
    public RingKey CurrentKey(DomainId id)
    {
        int index = FindDomain(id);
        RingKey? key = index < 0 ? null : Keys.Find(key => key.Id == Domains[index].CurrentEpoch);
        return key ?? throw new KeyNotFoundException($"the key ring has no keys of domain {id}");
    }

    public static KeyRingWrap Show(RingGuard guard, RingWrap wrap) =>
        new(wrap.Id, guard.Id, wrap.Key.Kind, wrap.Label, DateTimeOffset.FromUnixTimeMilliseconds(wrap.Created));

    public List<KeyRingWrap> ListWraps()
    {
        var wraps = new List<KeyRingWrap>();
        foreach (RingGuard guard in Guards)
        {
            wraps.AddRange(guard.Wraps.ConvertAll(wrap => Show(guard, wrap)));
        }

        return wraps;
    }

    public List<KeyRingEpoch> ListEpochs(Predicate<EpochId> isOpen)
    {
        return Keys.FindAll(key => key.Kind == RingKeyKind.EpochRoot).ConvertAll(key => new KeyRingEpoch(
            key.Id,
            key.Domain,
            key.Guard,
            DateTimeOffset.FromUnixTimeMilliseconds(key.Created),
            Domains.Exists(domain => domain.CurrentEpoch == key.Id),
            isOpen(key.Id)));
    }

    /// <summary>Whether the parts fit together: ids rise, every key has its domain and guard, every live domain its keys.</summary>
    public bool IsConsistent()
    {
        return Generation > 0
            && Created is >= 0 and <= RingLayout.MaxTime
            && Guards is [{ Id: RingGuard.Volume }, ..]
            && Domains is [{ Id.Value: 0 }, ..]
            && Rises(Guards.ConvertAll(guard => guard.Id))
            && Rises(Domains.ConvertAll(domain => domain.Id.Value))
            && WrapsFit()
            && KeysFit();
    }

    private static bool Rises(List<uint> ids)
    {
        for (int i = 1; i < ids.Count; i++)
        {
            if (ids[i] <= ids[i - 1])
            {
                return false;
            }
        }

        return true;
    }

    private bool WrapsFit()
    {
        var ids = new HashSet<WrapId>();
        return Guards.TrueForAll(guard => guard.Wraps.Count > 0 && guard.Wraps.TrueForAll(wrap => ids.Add(wrap.Id)));
    }

    private bool KeysFit()
    {
        HashSet<uint> guards = [.. Guards.ConvertAll(guard => guard.Id)];
        var domains = new Dictionary<DomainId, RingDomain>();
        Domains.ForEach(domain => domains.Add(domain.Id, domain));
        var ids = new HashSet<EpochId>();
        var withSecret = new HashSet<DomainId>();
        var withCurrentEpoch = new HashSet<DomainId>();
        foreach (RingKey key in Keys)
        {
            if (!ids.Add(key.Id) || !guards.Contains(key.Guard) || !domains.TryGetValue(key.Domain, out RingDomain? domain)
                || (key.Kind == RingKeyKind.NameSecret && !withSecret.Add(key.Domain)))
            {
                return false;
            }

            if (key.Kind == RingKeyKind.EpochRoot && key.Id == domain.CurrentEpoch)
            {
                withCurrentEpoch.Add(key.Domain);
            }
        }

        return Domains.TrueForAll(domain => domain.State != RingDomainState.Live
            || (withSecret.Contains(domain.Id) && withCurrentEpoch.Contains(domain.Id)));
    }
}
