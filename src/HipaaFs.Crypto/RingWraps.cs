using System.Buffers.Binary;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Wraps and unwraps the keys of guards, bound to volume, guard and wrap.</summary>
internal static class RingWraps
{
    private static ReadOnlySpan<byte> ContextPrefix => "hipaafs ring wrap 1"u8;

    /// <summary>Makes a new wrap of a guard's key.</summary>
    public static async ValueTask<KeyWrapResult<RingWrap>> WrapAsync(
        RingWrapDescription description, ReadOnlyMemory<byte> guardKey, IKeyWrapper keyEncryptionKey, CancellationToken cancel)
    {
        var id = WrapId.NewRandom();
        byte[] context = Context(description.Volume, description.Guard, id);
        KeyWrapResult<WrappedKey> wrapped = await keyEncryptionKey.WrapAsync(guardKey, context, cancel);
        if (!wrapped.Succeeded)
        {
            return wrapped.Error;
        }

        if (wrapped.Value.Kind.Length is 0 or > RingLayout.MaxKindLength
            || wrapped.Value.Parameters.Length > ushort.MaxValue || wrapped.Value.Ciphertext.Length > ushort.MaxValue)
        {
            throw new InvalidOperationException($"wrap a guard's key: the provider '{keyEncryptionKey.Kind}' gave what the ring cannot hold");
        }

        return new RingWrap(id, description.Created, description.Label, wrapped.Value);
    }

    /// <summary>Tries every wrap of the provider's kind. Any failure but a wrong key ends the search.</summary>
    public static async ValueTask<KeyWrapResult<SecretMemory>> UnwrapAsync(
        Guid volume, RingGuard guard, IKeyWrapper keyEncryptionKey, CancellationToken cancel)
    {
        KeyError error = KeyError.NoSuchWrap;
        foreach (RingWrap wrap in guard.Wraps)
        {
            if (wrap.Key.Kind != keyEncryptionKey.Kind)
            {
                continue;
            }

            KeyWrapResult<SecretMemory> key =
                await keyEncryptionKey.UnwrapAsync(wrap.Key, Context(volume, guard.Id, wrap.Id), cancel);
            if (key.Succeeded && key.Value.Length == KeyBox.KeySize)
            {
                return key;
            }

            error = key.Succeeded ? KeyError.WrongKey : key.Error;
            if (error != KeyError.WrongKey)
            {
                return error;
            }
        }

        return error;
    }

    private static byte[] Context(Guid volume, uint guard, WrapId wrap)
    {
        int length = ContextPrefix.Length;
        byte[] context = new byte[length + 16 + sizeof(uint) + WrapId.Size];
        ContextPrefix.CopyTo(context);
        volume.TryWriteBytes(context.AsSpan(length), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(context.AsSpan(length + 16), guard);
        wrap.Write(context.AsSpan(length + 16 + sizeof(uint)));
        return context;
    }
}
