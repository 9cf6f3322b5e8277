using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Every root key of a volume, open: the one place that gives out ciphers.</summary>
/// <remarks>
/// <para>Keys are sealed under guards. A guard is a random 256-bit key that is wrapped by one or more key-encryption keys. Guard 0 is the
/// volume's: it also authenticates the document. A domain whose keys must be destroyable on their own has a guard of its own.</para>
/// <para>A document is never changed once it was encoded: the first change after that begins the next generation.</para>
/// <para>Thread-safe. Disposal zeroes every key; the caller makes sure that nobody uses the ring or a span from it then.</para>
/// </remarks>
public sealed class KeyRing : IDisposable
{
    private const int HashSize = SHA256.HashSizeInBytes;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly RingContent _content; // Guarded by _lock.
    private readonly RingKeys _keys; // Guarded by _lock.
    private byte[]? _documentHash; // Guarded by _lock. Of the current generation; null until its document exists.

    private KeyRing(RingContent content, TimeProvider time)
    {
        _content = content;
        _keys = new RingKeys(content.VolumeId);
        _time = time;
    }

    /// <summary>The volume the ring belongs to.</summary>
    public Guid VolumeId => _content.VolumeId;

    /// <summary>The generation that <see cref="Encode"/> writes.</summary>
    public ulong Generation
    {
        get
        {
            lock (_lock)
            {
                return _content.Generation;
            }
        }
    }

    /// <summary>The wraps of all guards, in the order in which they were added to each.</summary>
    public IReadOnlyList<KeyRingWrap> Wraps
    {
        get
        {
            lock (_lock)
            {
                return _content.ListWraps();
            }
        }
    }

    /// <summary>The epochs of all domains, oldest first.</summary>
    public IReadOnlyList<KeyRingEpoch> Epochs
    {
        get
        {
            lock (_lock)
            {
                return _content.ListEpochs(id => _keys.TryGet(id, out _));
            }
        }
    }

    /// <summary>Makes the ring of a new volume: generation 1, the root domain with one epoch and one name secret, no wrap yet.</summary>
    public static KeyRing Create(Guid volumeId, TimeProvider? time = null)
    {
        var content = new RingContent { VolumeId = volumeId, Generation = 1, Previous = new byte[HashSize] };
        var ring = new KeyRing(content, time ?? TimeProvider.System);
        content.Created = ring.Now();
        content.Guards.Add(new RingGuard(RingGuard.Volume, []));
        ring._keys.DrawGuard(RingGuard.Volume);
        ring.AddDomain(DomainId.Root, RingGuard.Volume);
        return ring;
    }

    /// <summary>Wraps the volume's guard by another key-encryption key.</summary>
    /// <param name="keyEncryptionKey">The key.</param>
    /// <param name="label">What to call it, at most 128 bytes of UTF-8; stands in the ring in the clear.</param>
    /// <param name="cancel">Ends the wait for a remote provider.</param>
    public ValueTask<KeyWrapResult<KeyRingWrap>> AddWrapAsync(
        IKeyWrapper keyEncryptionKey, string label, CancellationToken cancel = default) =>
        AddWrapAsync(RingGuard.Volume, keyEncryptionKey, label, cancel);

    /// <summary>Takes a wrap out of the ring. The last one of a guard stays.</summary>
    public WrapRemoval RemoveWrap(WrapId id)
    {
        lock (_lock)
        {
            foreach (RingGuard guard in _content.Guards)
            {
                int index = guard.Wraps.FindIndex(wrap => wrap.Id == id);
                if (index >= 0 && guard.Wraps.Count == 1)
                {
                    return WrapRemoval.LastWrap;
                }

                if (index >= 0)
                {
                    BeginChange();
                    guard.Wraps.RemoveAt(index);
                    return WrapRemoval.Removed;
                }
            }

            return WrapRemoval.NotFound;
        }
    }

    /// <summary>Begins a new epoch of a domain, under which new data is sealed from now on. Old epochs stay readable.</summary>
    /// <exception cref="KeyNotFoundException">The ring has no such domain, or its guard's key is not held.</exception>
    public EpochId BeginEpoch(DomainId domain)
    {
        lock (_lock)
        {
            RingKey current = _content.CurrentKey(domain);
            _keys.GuardKey(current.Guard);
            BeginChange();
            EpochId epoch = AddKey(RingKeyKind.EpochRoot, domain, current.Guard);
            int index = _content.FindDomain(domain);
            _content.Domains[index] = _content.Domains[index] with { CurrentEpoch = epoch };
            return epoch;
        }
    }

    /// <summary>Adds a key domain whose keys are sealed under the volume's guard.</summary>
    public DomainId AddDomain()
    {
        lock (_lock)
        {
            BeginChange();
            return AddDomain(NextDomain(), RingGuard.Volume);
        }
    }

    /// <summary>
    /// Adds a key domain with a guard of its own, wrapped by <paramref name="keyEncryptionKey"/>. Who destroys that key destroys the domain's
    /// keys, those in copies of the ring included. The domain is the newest of <see cref="Epochs"/>.
    /// </summary>
    public async ValueTask<KeyWrapResult<KeyRingWrap>> AddDomainAsync(
        IKeyWrapper keyEncryptionKey, string label, CancellationToken cancel = default)
    {
        uint guard;
        lock (_lock)
        {
            guard = _content.Guards[^1].Id + 1;
            _keys.DrawGuard(guard);
            _content.Guards.Add(new RingGuard(guard, []));
        }

        KeyWrapResult<KeyRingWrap> wrap = await AddWrapAsync(guard, keyEncryptionKey, label, cancel);
        lock (_lock)
        {
            if (wrap.Succeeded)
            {
                AddDomain(NextDomain(), guard);
            }
            else
            {
                _content.Guards.RemoveAll(added => added.Id == guard);
            }
        }

        return wrap;
    }

    /// <summary>Opens the guards of domains that this key-encryption key opens, and the keys under them.</summary>
    /// <returns><see cref="KeyError.None"/> when at least one guard was opened, else why none was.</returns>
    public async ValueTask<KeyError> UnlockDomainsAsync(IKeyWrapper keyEncryptionKey, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(keyEncryptionKey);
        bool opened = false;
        KeyError error = KeyError.NoSuchWrap;
        foreach (RingGuard guard in ClosedGuards())
        {
            KeyWrapResult<SecretMemory> key = await RingWraps.UnwrapAsync(VolumeId, guard, keyEncryptionKey, cancel);
            if (!key.Succeeded)
            {
                error = key.Error;
                continue;
            }

            using (key.Value)
            {
                lock (_lock)
                {
                    opened |= _keys.Open(guard.Id, key.Value.GetSpan(), _content.Keys);
                    error = KeyError.RingNotAuthentic;
                }
            }
        }

        return opened ? KeyError.None : error;
    }

    /// <summary>Makes sure that what is encoded next is a new generation. Changes do so by themselves.</summary>
    public void NextGeneration()
    {
        lock (_lock)
        {
            BeginChange();
        }
    }

    /// <summary>Whether a document is of this ring, of whatever generation: written by who held its keys, and not changed since.</summary>
    public bool Proves(KeyRingDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.VolumeId != VolumeId)
        {
            return false;
        }

        lock (_lock)
        {
            return IsAuthentic(VolumeId, document.Bytes.Span, _keys.GuardKey(RingGuard.Volume).Span);
        }
    }

    /// <summary>The document of the current generation: the same bytes each time, until the next change.</summary>
    /// <exception cref="InvalidOperationException">A guard has no wrap: nobody could ever open what is under it.</exception>
    public byte[] Encode()
    {
        lock (_lock)
        {
            if (!_content.IsConsistent())
            {
                throw new InvalidOperationException("encode key ring: a guard has no wrap");
            }

            Span<byte> macKey = stackalloc byte[KeyBox.KeySize];
            RingKeys.DeriveMacKey(VolumeId, _keys.GuardKey(RingGuard.Volume).Span, macKey);
            byte[] document = RingWriter.Write(_content, macKey);
            CryptographicOperations.ZeroMemory(macKey);
            _documentHash = SHA256.HashData(document);
            return document;
        }
    }

    /// <summary>The epoch under which new data of a domain is sealed.</summary>
    /// <exception cref="KeyNotFoundException">The ring has no such domain.</exception>
    public EpochId CurrentEpoch(DomainId domain)
    {
        lock (_lock)
        {
            return _content.CurrentKey(domain).Id;
        }
    }

    /// <summary>The root key of an epoch; valid until the ring is disposed.</summary>
    /// <exception cref="KeyNotFoundException">The ring does not hold it.</exception>
    public ReadOnlySpan<byte> RootKey(EpochId epoch)
    {
        lock (_lock)
        {
            return _keys.TryGet(epoch, out ReadOnlyMemory<byte> key)
                ? key.Span
                : throw new KeyNotFoundException($"the key ring does not hold the root key of epoch {epoch}");
        }
    }

    /// <summary>Whether the ring holds the root key of an epoch.</summary>
    public bool Holds(EpochId epoch)
    {
        lock (_lock)
        {
            return _keys.TryGet(epoch, out _);
        }
    }

    /// <summary>Makes the name codec of a domain, which the caller disposes.</summary>
    /// <exception cref="KeyNotFoundException">The ring does not hold the domain's name secret.</exception>
    public NameCodec OpenNames(DomainId domain)
    {
        lock (_lock)
        {
            RingKey? secret = _content.Keys.Find(key => key.Kind == RingKeyKind.NameSecret && key.Domain == domain);
            return secret is not null && _keys.TryGet(secret.Id, out ReadOnlyMemory<byte> key)
                ? new NameCodec(key.Span)
                : throw new KeyNotFoundException($"the key ring does not hold the name secret of domain {domain}");
        }
    }

    /// <summary>Makes the cipher of a segment, which the caller disposes.</summary>
    /// <exception cref="KeyNotFoundException">The ring does not hold the root key of the segment's epoch.</exception>
    public SegmentCipher OpenSegment(SegmentHeader header) => new(RootKey(header.Epoch), header);

    /// <summary>Makes the cipher of a segment, which the caller disposes. Returns false when the ring does not hold its epoch's root key.</summary>
    public bool TryOpenSegment(SegmentHeader header, [NotNullWhen(true)] out SegmentCipher? cipher)
    {
        cipher = Holds(header.Epoch) ? OpenSegment(header) : null;
        return cipher is not null;
    }

    /// <summary>Zeroes every key.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _keys.Dispose();
        }
    }

    /// <summary>Opens a parsed document whose volume guard's key is known, and proves it.</summary>
    internal static KeyWrapResult<KeyRing> Open(RingContent content, ReadOnlySpan<byte> document, ReadOnlySpan<byte> guardKey, TimeProvider time)
    {
        if (!IsAuthentic(content.VolumeId, document, guardKey))
        {
            return KeyError.RingNotAuthentic;
        }

        var ring = new KeyRing(content, time) { _documentHash = SHA256.HashData(document) };
        if (ring._keys.Open(RingGuard.Volume, guardKey, content.Keys))
        {
            return ring;
        }

        ring.Dispose();
        return KeyError.RingNotAuthentic;
    }

    private static bool IsAuthentic(Guid volumeId, ReadOnlySpan<byte> document, ReadOnlySpan<byte> guardKey)
    {
        Span<byte> macKey = stackalloc byte[KeyBox.KeySize];
        Span<byte> mac = stackalloc byte[RingLayout.MacSize];
        RingKeys.DeriveMacKey(volumeId, guardKey, macKey);
        HMACSHA256.HashData(macKey, document[..^(RingLayout.MacSize + HashSize)], mac);
        CryptographicOperations.ZeroMemory(macKey);
        return CryptographicOperations.FixedTimeEquals(mac, document[^(RingLayout.MacSize + HashSize)..^HashSize]);
    }

    private async ValueTask<KeyWrapResult<KeyRingWrap>> AddWrapAsync(
        uint guard, IKeyWrapper keyEncryptionKey, string label, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(keyEncryptionKey);
        ArgumentNullException.ThrowIfNull(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(label), RingLayout.MaxLabelLength, nameof(label));
        ReadOnlyMemory<byte> key;
        lock (_lock)
        {
            key = _keys.GuardKey(guard);
        }

        var description = new RingWrapDescription(VolumeId, guard, Now(), label);
        KeyWrapResult<RingWrap> wrap = await RingWraps.WrapAsync(description, key, keyEncryptionKey, cancel);
        if (!wrap.Succeeded)
        {
            return wrap.Error;
        }

        lock (_lock)
        {
            BeginChange();
            RingGuard wrapped = _content.FindGuard(guard)!;
            wrapped.Wraps.Add(wrap.Value);
            return RingContent.Show(wrapped, wrap.Value);
        }
    }

    private List<RingGuard> ClosedGuards()
    {
        lock (_lock)
        {
            return _content.Guards.FindAll(guard => !_keys.IsOpen(guard.Id)).ConvertAll(guard => guard with { Wraps = [.. guard.Wraps] });
        }
    }

    private void BeginChange()
    {
        if (_documentHash is null)
        {
            return;
        }

        _content.Previous = _documentHash;
        _content.Generation++;
        _content.Created = Now();
        _documentHash = null;
    }

    private DomainId NextDomain() => new(_content.Domains[^1].Id.Value + 1);

    private DomainId AddDomain(DomainId domain, uint guard)
    {
        AddKey(RingKeyKind.NameSecret, domain, guard);
        EpochId epoch = AddKey(RingKeyKind.EpochRoot, domain, guard);
        _content.Domains.Add(new RingDomain(domain, RingDomainState.Live, Now(), epoch));
        return domain;
    }

    private EpochId AddKey(RingKeyKind kind, DomainId domain, uint guard)
    {
        var description = new RingKey(kind, domain, guard, Now(), EpochId.NewRandom(), []);
        _content.Keys.Add(_keys.DrawKey(description));
        return description.Id;
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
