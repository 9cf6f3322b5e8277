using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Uses one key-encryption key, wherever it lives, to wrap and unwrap the keys of a ring.</summary>
/// <remarks>
/// An implementation never shows its key, binds the context to what it wraps, and returns failures that a user can cause as values.
/// Implementations are thread-safe.
/// </remarks>
public interface IKeyWrapper
{
    /// <summary>Names the provider in the ring, such as <c>file</c>.</summary>
    string Kind { get; }

    /// <summary>Wraps a key. Two calls never give the same bytes.</summary>
    /// <param name="key">The key; not kept.</param>
    /// <param name="context">What the wrapped key belongs to; unwrapping needs the same bytes. Not secret.</param>
    /// <param name="cancel">Ends the wait for a remote provider.</param>
    ValueTask<KeyWrapResult<WrappedKey>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancel = default);

    /// <summary>Unwraps a key, which the caller then owns.</summary>
    /// <param name="wrapped">A wrap of this provider's kind.</param>
    /// <param name="context">What was given when it was wrapped.</param>
    /// <param name="cancel">Ends the wait for a remote provider.</param>
    ValueTask<KeyWrapResult<SecretMemory>> UnwrapAsync(
        WrappedKey wrapped, ReadOnlyMemory<byte> context, CancellationToken cancel = default);
}
