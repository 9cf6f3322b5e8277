using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Keys;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Volumes;

/// <summary>Finds the key reference that a command works with.</summary>
internal static class VolumeKeys
{
    /// <summary>The flag where there is one, else what the volume's configuration says. Paths become absolute.</summary>
    /// <exception cref="CommandException">Neither names a key.</exception>
    public static KeyReference Resolve(VolumeConfiguration configuration, string? flag)
    {
        if (flag is not null)
        {
            return Absolute(KeyAccess.Parse(flag), Environment.CurrentDirectory);
        }

        string text = configuration.KeyReference ?? throw new CommandException(
            ExitCode.Key,
            $"open volume {configuration.Directory}: neither the command nor {VolumeFile.Name} names a key",
            "Name it with --key KEYREF, as in --key file:/path/of/the.key.");
        return Absolute(KeyAccess.Parse(text), configuration.Directory);
    }

    /// <summary>The reference with its path made absolute from a directory.</summary>
    public static KeyReference Absolute(KeyReference reference, string directory) => reference.Kind switch
    {
        KeyReferenceKind.File => KeyReference.ForFile(Path.GetFullPath(reference.Path!, directory)),
        KeyReferenceKind.PassphraseFile => KeyAccess.Parse($"passphrase:file:{Path.GetFullPath(reference.Path!, directory)}"),
        _ => reference,
    };
}
