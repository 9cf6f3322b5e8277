using System.Security.Cryptography;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Crypto;

/// <summary>Wraps with a key-encryption key that lies in a file. The file is read at each use and not kept.</summary>
public sealed class FileKeyWrapper : IKeyWrapper
{
    /// <summary>The kind of the wraps this provider makes.</summary>
    public const string WrapKind = "file";

    private const int SaltSize = 32;

    private readonly string _path;

    /// <summary>Names the file; nothing is read yet.</summary>
    public FileKeyWrapper(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
    }

    /// <inheritdoc/>
    public string Kind => WrapKind;

    /// <summary>Makes a new random key in a new file, readable and writable by its owner only, durable on return. Never overwrites.</summary>
    public static KeyWrapResult<FileKeyWrapper> Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        string directory = Path.GetDirectoryName(full) ?? full;
        using var key = new SecretMemory(KeyBox.KeySize);
        using var text = new SecretMemory(KeyFile.MaxSize);
        RandomNumberGenerator.Fill(key.GetSpan());
        int length = KeyFile.Write(key.GetSpan(), text.GetSpan());
        try
        {
            DurableFile.EnsureDirectory(directory);
            if (Path.Exists(full))
            {
                return KeyError.KeyExists;
            }

            Write(full, text.GetSpan()[..length]);
            DurableFile.SyncDirectory(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return KeyError.KeyUnreadable;
        }

        return new FileKeyWrapper(path);
    }

    /// <inheritdoc/>
    public ValueTask<KeyWrapResult<WrappedKey>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancel = default)
    {
        using var keyEncryptionKey = new SecretMemory(KeyBox.KeySize);
        KeyError error = ReadKey(keyEncryptionKey.GetSpan());
        if (error != KeyError.None)
        {
            return new(error);
        }

        byte[] salt = RandomNumberGenerator.GetBytes(SaltSize);
        byte[] box = new byte[KeyBox.Size];
        using SecretMemory wrappingKey = WrappingKey(keyEncryptionKey.GetSpan(), salt);
        KeyBox.Seal(wrappingKey.GetSpan(), key.Span, context.Span, box);
        return new(new WrappedKey(WrapKind, salt, box));
    }

    /// <inheritdoc/>
    public ValueTask<KeyWrapResult<SecretMemory>> UnwrapAsync(
        WrappedKey wrapped, ReadOnlyMemory<byte> context, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(wrapped);
        using var keyEncryptionKey = new SecretMemory(KeyBox.KeySize);
        KeyError error = ReadKey(keyEncryptionKey.GetSpan());
        if (error != KeyError.None)
        {
            return new(error);
        }

        if (wrapped.Kind != WrapKind || wrapped.Parameters.Length != SaltSize)
        {
            return new(KeyError.WrongKey);
        }

        using SecretMemory wrappingKey = WrappingKey(keyEncryptionKey.GetSpan(), wrapped.Parameters.Span);
        return new(KeyBox.Unwrap(wrappingKey.GetSpan(), wrapped.Ciphertext.Span, context.Span));
    }

    private static void Write(string path, ReadOnlySpan<byte> text)
    {
        using SafeFileHandle file = DurableFile.CreatePrivate(path);
        try
        {
            RandomAccess.Write(file, text, fileOffset: 0);
            DurableFile.SyncData(file);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private static SecretMemory WrappingKey(ReadOnlySpan<byte> keyEncryptionKey, ReadOnlySpan<byte> salt)
    {
        var key = new SecretMemory(KeyBox.KeySize);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, keyEncryptionKey, key.GetSpan(), salt, "hipaafs wrap file 1"u8);
        return key;
    }

    private KeyError ReadKey(Span<byte> key)
    {
        KeyError error = PrivateFile.TryRead(_path, KeyFile.MaxSize, out SecretMemory? text, out int length);
        if (error != KeyError.None)
        {
            return error;
        }

        using (text)
        {
            return KeyFile.TryRead(text!.GetSpan()[..length], key);
        }
    }
}
