using System.Security.Cryptography;

namespace HipaaFs.Crypto;

/// <summary>The opened half of a ring: the keys of the guards that are open, and the keys under them.</summary>
/// <remarks>Not thread-safe: the ring's lock guards it. Memories stay valid until disposal.</remarks>
internal sealed class RingKeys : IDisposable
{
    private readonly Guid _volume;
    private readonly SecretSlots _slots = new();
    private readonly Dictionary<EpochId, Memory<byte>> _keys = [];
    private readonly Dictionary<uint, Memory<byte>> _guards = [];

    public RingKeys(Guid volume) => _volume = volume;

    /// <summary>The key that authenticates the document, derived from the key of the volume's guard.</summary>
    public static void DeriveMacKey(Guid volume, ReadOnlySpan<byte> guardKey, Span<byte> macKey)
    {
        Span<byte> salt = stackalloc byte[16];
        volume.TryWriteBytes(salt, bigEndian: true, out _);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, guardKey, macKey, salt, "hipaafs ring mac 1"u8);
    }

    public bool IsOpen(uint guard) => _guards.ContainsKey(guard);

    public ReadOnlyMemory<byte> GuardKey(uint guard) =>
        _guards.TryGetValue(guard, out Memory<byte> key)
            ? key
            : throw new KeyNotFoundException($"the key of guard {guard} is not held");

    public bool TryGet(EpochId id, out ReadOnlyMemory<byte> key)
    {
        bool found = _keys.TryGetValue(id, out Memory<byte> held);
        key = held;
        return found;
    }

    /// <summary>Draws a random key for a new guard.</summary>
    public void DrawGuard(uint guard)
    {
        Memory<byte> key = _slots.Add();
        RandomNumberGenerator.Fill(key.Span);
        _guards[guard] = key;
    }

    /// <summary>Draws a random key for what <paramref name="description"/> says, and seals it under its guard.</summary>
    public RingKey DrawKey(RingKey description)
    {
        Memory<byte> key = _slots.Add();
        RandomNumberGenerator.Fill(key.Span);
        _keys.Add(description.Id, key);
        return RingKey.Seal(description, _volume, GuardKey(description.Guard).Span, key.Span);
    }

    /// <summary>Keeps a guard's key and opens every key under it. Returns false when one does not open.</summary>
    public bool Open(uint guard, ReadOnlySpan<byte> guardKey, List<RingKey> keys)
    {
        Memory<byte> held = _slots.Add();
        guardKey.CopyTo(held.Span);
        foreach (RingKey sealedKey in keys)
        {
            if (sealedKey.Guard != guard)
            {
                continue;
            }

            Memory<byte> key = _slots.Add();
            if (!sealedKey.TryOpen(_volume, guardKey, key.Span))
            {
                return false;
            }

            _keys.TryAdd(sealedKey.Id, key);
        }

        _guards.TryAdd(guard, held);
        return true;
    }

    public void Dispose()
    {
        _keys.Clear();
        _guards.Clear();
        _slots.Dispose();
    }
}
