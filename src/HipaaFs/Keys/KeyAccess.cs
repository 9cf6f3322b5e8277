using System.Text;
using HipaaFs.Crypto;
using HipaaFs.Platform;

namespace HipaaFs.Cli.Keys;

/// <summary>Turns a KEYREF into the key provider it names, and its failures into what a user can do about them.</summary>
internal static class KeyAccess
{
    /// <summary>Opens a key; a passphrase is asked for at the terminal, once.</summary>
    /// <exception cref="CommandException">There is no such key, or it cannot be read.</exception>
    public static IKeyWrapper Open(KeyReference reference, CommandContext context) =>
        Open(reference, () => Ask(context, "Passphrase: "));

    /// <summary>Opens a key that a ring is to be wrapped by: a passphrase typed at the terminal is asked for twice.</summary>
    /// <exception cref="CommandException">There is no such key, it cannot be read, or the two passphrases differ.</exception>
    public static IKeyWrapper OpenNew(KeyReference reference, CommandContext context) => Open(reference, () =>
    {
        SecretMemory? first = Ask(context, "New passphrase: ");
        using SecretMemory? second = first is null ? null : Ask(context, "The same again: ");
        if (first is not null && (second is null || !first.GetSpan().SequenceEqual(second.GetSpan())))
        {
            ((IDisposable)first).Dispose();
            throw new CommandException(ExitCode.Key, "read the new passphrase: the two are not the same", "Try again.");
        }

        return first;
    });

    /// <summary>Reads a KEYREF from a command line.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static KeyReference Parse(string text) =>
        KeyReference.TryParse(text, out KeyReference? reference, out string? problem)
            ? reference
            : throw new CommandException(ExitCode.Usage, $"read the key reference: {problem}", "'hipaafs init --help' shows the forms.");

    /// <summary>Asks for a passphrase to hand to a daemon, which has no terminal.</summary>
    /// <exception cref="CommandException">There is nobody to ask, or nothing was typed.</exception>
    public static string AskForDaemon(CommandContext context)
    {
        string? typed = context.AskSecret("Passphrase: ");
        return string.IsNullOrEmpty(typed) ? throw Failure(new KeyFailure("passphrase:", KeyError.NoPassphrase)) : typed;
    }

    /// <summary>Explains a failure to read or use a key.</summary>
    public static CommandException Failure(KeyFailure failure) => new(
        ExitCode.Key,
        $"use key {failure.Reference}: {KeyErrors.Describe(failure.Error)}",
        Advise(failure.Error));

    private static IKeyWrapper Open(KeyReference reference, PassphrasePrompt prompt)
    {
        if (reference is { Kind: KeyReferenceKind.File, Path: { } path } && !File.Exists(path))
        {
            throw Failure(new KeyFailure(reference.ToString(), KeyError.KeyMissing));
        }

        KeyWrapResult<IKeyWrapper> opened = reference.Open(prompt);
        return opened.Succeeded ? opened.Value : throw Failure(new KeyFailure(reference.ToString(), opened.Error));
    }

    private static SecretMemory? Ask(CommandContext context, string question)
    {
        string? typed = context.AskSecret(question);
        if (string.IsNullOrEmpty(typed))
        {
            return null;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(typed);
        try
        {
            return new SecretMemory(bytes);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static string Advise(KeyError error) => error switch
    {
        KeyError.WrongKey or KeyError.NoSuchWrap =>
            "Name the right key with --key KEYREF; 'hipaafs key list VOLUME' shows what kinds of key open the volume.",
        KeyError.KeyMissing => "Name the key with --key KEYREF, or bring the file back from where you keep its copy.",
        KeyError.KeyUnreadable => "Run the command as the user who owns the key file, or check the device it is on.",
        KeyError.KeyExposed => "chmod 600 the file, and consider whether somebody has read it.",
        KeyError.KeyDamaged => "Use another copy of the key file, or the recovery key.",
        KeyError.KeyNewerFormat => "Use the version of hipaafs that made the key file, or a newer one.",
        KeyError.KeyExists => "Choose another file name; keys are never overwritten.",
        KeyError.NoPassphrase => "Type it at a terminal, or use passphrase:file:PATH or passphrase:fd:N.",
        KeyError.RingNotAuthentic => "Do not use the volume before you know who changed its key ring; restore the ring from the store.",
        _ => "Check the key provider, then try again.",
    };
}
