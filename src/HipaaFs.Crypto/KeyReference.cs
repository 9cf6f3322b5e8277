using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Crypto;

/// <summary>A KEYREF of the command line or configuration: where a key-encryption key is, never what it is.</summary>
public sealed class KeyReference
{
    private const string FilePrefix = "file:";
    private const string PassphrasePrefix = "passphrase:";
    private const string DescriptorPrefix = "fd:";

    private static readonly string[] LaterKinds = ["pkcs11:", "awskms:", "azurekv:", "vault:"];

    private KeyReference(KeyReferenceKind kind, string? path = null, int descriptor = -1)
    {
        Kind = kind;
        Path = path;
        Descriptor = descriptor;
    }

    /// <summary>What kind of place.</summary>
    public KeyReferenceKind Kind { get; }

    /// <summary>The file, for the two kinds that name one; else null.</summary>
    public string? Path { get; }

    /// <summary>The descriptor, for the kind that names one; else -1.</summary>
    public int Descriptor { get; }

    /// <summary>The kind of wrap in a ring that this key can open.</summary>
    public string WrapKind => Kind == KeyReferenceKind.File ? FileKeyWrapper.WrapKind : PassphraseKeyWrapper.WrapKind;

    /// <summary>Makes the reference to a key file.</summary>
    public static KeyReference ForFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new KeyReference(KeyReferenceKind.File, path);
    }

    /// <summary>Reads a KEYREF. When it is none, <paramref name="problem"/> says why in a sentence.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out KeyReference? reference, [NotNullWhen(false)] out string? problem)
    {
        reference = null;
        problem = null;
        if (text is null || text.Length == 0)
        {
            problem = "the key reference is empty; use file:PATH, passphrase:, passphrase:file:PATH or passphrase:fd:N";
        }
        else if (text.StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            reference = Named(KeyReferenceKind.File, text[FilePrefix.Length..], ref problem);
        }
        else if (text.StartsWith(PassphrasePrefix, StringComparison.Ordinal))
        {
            reference = ParsePassphrase(text[PassphrasePrefix.Length..], ref problem);
        }
        else
        {
            problem = Refuse(text);
        }

        return reference is not null;
    }

    /// <summary>Makes the provider. A passphrase is read now, a key file at each use.</summary>
    /// <param name="prompt">Asks for the passphrase when the reference says terminal.</param>
    /// <param name="iterations">Iterations of passphrase wraps to be made.</param>
    /// <returns>The provider, which the caller disposes if it can be disposed.</returns>
    public KeyWrapResult<IKeyWrapper> Open(PassphrasePrompt? prompt = null, int iterations = PassphraseKeyWrapper.DefaultIterations)
    {
        if (Kind == KeyReferenceKind.File)
        {
            return new(new FileKeyWrapper(Path!));
        }

        KeyError error = ReadPassphrase(prompt, out SecretMemory? content, out int length);
        if (error != KeyError.None)
        {
            return error;
        }

        using (content)
        {
            return length is 0 or > PassphraseKeyWrapper.MaxPassphraseSize
                ? KeyError.NoPassphrase
                : new KeyWrapResult<IKeyWrapper>(new PassphraseKeyWrapper(content!.GetSpan()[..length], iterations));
        }
    }

    /// <summary>The reference as it is written.</summary>
    public override string ToString() => Kind switch
    {
        KeyReferenceKind.File => FilePrefix + Path,
        KeyReferenceKind.PassphraseTerminal => PassphrasePrefix,
        KeyReferenceKind.PassphraseFile => PassphrasePrefix + FilePrefix + Path,
        KeyReferenceKind.PassphraseDescriptor =>
            PassphrasePrefix + DescriptorPrefix + Descriptor.ToString(CultureInfo.InvariantCulture),
        _ => throw new UnreachableException(),
    };

    private static KeyReference? ParsePassphrase(string rest, ref string? problem)
    {
        if (rest.Length == 0)
        {
            return new KeyReference(KeyReferenceKind.PassphraseTerminal);
        }

        if (rest.StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            return Named(KeyReferenceKind.PassphraseFile, rest[FilePrefix.Length..], ref problem);
        }

        if (rest.StartsWith(DescriptorPrefix, StringComparison.Ordinal)
            && int.TryParse(rest.AsSpan(DescriptorPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor))
        {
            return new KeyReference(KeyReferenceKind.PassphraseDescriptor, descriptor: descriptor);
        }

        // What follows may be a passphrase that someone wrote here, so it is not repeated.
        problem = "a passphrase cannot stand in a key reference; use passphrase:, passphrase:file:PATH or passphrase:fd:N";
        return null;
    }

    private static KeyReference? Named(KeyReferenceKind kind, string path, ref string? problem)
    {
        if (path.Length == 0 || path.Contains('\0'))
        {
            problem = "the key reference names no file";
            return null;
        }

        return new KeyReference(kind, path);
    }

    private static string Refuse(string text)
    {
        foreach (string kind in LaterKinds)
        {
            if (text.StartsWith(kind, StringComparison.OrdinalIgnoreCase))
            {
                return $"{kind} keys are not supported in this version; use file:PATH or passphrase:";
            }
        }

        return "the key reference has an unknown kind; use file:PATH, passphrase:, passphrase:file:PATH or passphrase:fd:N";
    }

    private KeyError ReadPassphrase(PassphrasePrompt? prompt, out SecretMemory? content, out int length)
    {
        // Room for a line end after the longest passphrase.
        const int maxSize = PassphraseKeyWrapper.MaxPassphraseSize + 2;
        KeyError error;
        switch (Kind)
        {
            case KeyReferenceKind.PassphraseFile:
                error = PrivateFile.TryRead(Path!, maxSize, out content, out length);
                break;
            case KeyReferenceKind.PassphraseDescriptor:
                error = ReadDescriptor(maxSize, out content, out length);
                break;
            default:
                content = prompt?.Invoke();
                length = content?.Length ?? 0;
                return content is null ? KeyError.NoPassphrase : KeyError.None;
        }

        if (error == KeyError.None)
        {
            length = WithoutLineEnd(content!.GetSpan()[..length]);
        }

        return error == KeyError.KeyDamaged ? KeyError.NoPassphrase : error;
    }

    private KeyError ReadDescriptor(int maxSize, out SecretMemory? content, out int length)
    {
        content = null;
        length = 0;
        try
        {
            using var handle = new SafeFileHandle(Descriptor, ownsHandle: false);
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return PrivateFile.Read(stream, maxSize, out content, out length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return KeyError.KeyUnreadable;
        }
    }

    // One line end belongs to the editor that wrote the file, not to the passphrase.
    private static int WithoutLineEnd(ReadOnlySpan<byte> text)
    {
        int length = text.Length;
        if (length > 0 && text[length - 1] == '\n')
        {
            length--;
            if (length > 0 && text[length - 1] == '\r')
            {
                length--;
            }
        }

        return length;
    }
}
