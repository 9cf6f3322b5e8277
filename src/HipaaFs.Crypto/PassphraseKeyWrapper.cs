using System.Buffers.Binary;
using System.Security.Cryptography;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Wraps with a key stretched from a passphrase by PBKDF2 with HMAC-SHA512; salt and iterations are stored in each wrap.</summary>
/// <remarks>The passphrase is bytes: UTF-8 as it was typed, not normalised. Owns the passphrase and zeroes it on disposal.</remarks>
public sealed class PassphraseKeyWrapper : IKeyWrapper, IDisposable
{
    /// <summary>The kind of the wraps this provider makes.</summary>
    public const string WrapKind = "passphrase";

    /// <summary>
    /// Iterations of new wraps. OWASP's password storage cheat sheet asks 210,000 of PBKDF2-HMAC-SHA512 and NIST SP 800-132 "as large as
    /// tolerable"; this takes about half a second of one core.
    /// </summary>
    public const int DefaultIterations = 600_000;

    /// <summary>The longest passphrase in bytes.</summary>
    public const int MaxPassphraseSize = 1024;

    /// <summary>The most iterations a wrap may ask for, so that a forged ring cannot stop a mount for hours.</summary>
    public const int MaxIterations = 100_000_000;

    private const int MinIterations = 1_000;
    private const int SaltSize = 32;
    private const int MinSaltSize = 16;

    private readonly SecretMemory _passphrase;
    private readonly int _iterations;

    /// <summary>Takes a copy of <paramref name="passphrase"/>, 1 to 1024 bytes; the caller zeroes the original.</summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="iterations">Iterations of the wraps to be made; at least 1,000. Unwrapping uses what the wrap says.</param>
    public PassphraseKeyWrapper(ReadOnlySpan<byte> passphrase, int iterations = DefaultIterations)
    {
        ArgumentOutOfRangeException.ThrowIfZero(passphrase.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(passphrase.Length, MaxPassphraseSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, MinIterations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, MaxIterations);
        _passphrase = new SecretMemory(passphrase);
        _iterations = iterations;
    }

    /// <inheritdoc/>
    public string Kind => WrapKind;

    /// <inheritdoc/>
    public ValueTask<KeyWrapResult<WrappedKey>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancel = default)
    {
        byte[] parameters = new byte[sizeof(uint) + SaltSize];
        BinaryPrimitives.WriteUInt32LittleEndian(parameters, (uint)_iterations);
        RandomNumberGenerator.Fill(parameters.AsSpan(sizeof(uint)));
        byte[] box = new byte[KeyBox.Size];
        using SecretMemory wrappingKey = Stretch(parameters.AsSpan(sizeof(uint)), _iterations);
        KeyBox.Seal(wrappingKey.GetSpan(), key.Span, context.Span, box);
        return new(new WrappedKey(WrapKind, parameters, box));
    }

    /// <inheritdoc/>
    public ValueTask<KeyWrapResult<SecretMemory>> UnwrapAsync(
        WrappedKey wrapped, ReadOnlyMemory<byte> context, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(wrapped);
        ReadOnlySpan<byte> parameters = wrapped.Parameters.Span;
        if (wrapped.Kind != WrapKind || parameters.Length < sizeof(uint) + MinSaltSize)
        {
            return new(KeyError.WrongKey);
        }

        uint iterations = BinaryPrimitives.ReadUInt32LittleEndian(parameters);
        if (iterations is 0 or > MaxIterations)
        {
            return new(KeyError.WrongKey);
        }

        using SecretMemory wrappingKey = Stretch(parameters[sizeof(uint)..], (int)iterations);
        return new(KeyBox.Unwrap(wrappingKey.GetSpan(), wrapped.Ciphertext.Span, context.Span));
    }

    /// <summary>Zeroes the passphrase.</summary>
    public void Dispose() => ((IDisposable)_passphrase).Dispose();

    private SecretMemory Stretch(ReadOnlySpan<byte> salt, int iterations)
    {
        var key = new SecretMemory(KeyBox.KeySize);
        Rfc2898DeriveBytes.Pbkdf2(_passphrase.GetSpan(), salt, key.GetSpan(), iterations, HashAlgorithmName.SHA512);
        return key;
    }
}
