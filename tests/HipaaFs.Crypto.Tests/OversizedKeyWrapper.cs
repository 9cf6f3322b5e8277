using HipaaFs.Platform;

namespace HipaaFs.Crypto.Tests;

/// <summary>A provider whose wraps are longer than a ring can hold.</summary>
internal sealed class OversizedKeyWrapper : IKeyWrapper
{
    public string Kind => "oversized";

    public ValueTask<KeyWrapResult<WrappedKey>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancel = default) =>
        new(new WrappedKey(Kind, default, new byte[65536]));

    public ValueTask<KeyWrapResult<SecretMemory>> UnwrapAsync(
        WrappedKey wrapped, ReadOnlyMemory<byte> context, CancellationToken cancel = default) =>
        new(KeyError.WrongKey);
}
