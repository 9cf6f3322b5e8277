using System.Text;
using HipaaFs.Platform;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Configuration;

/// <summary>The address of a volume's home, as its volume.yaml says it: what the next opening goes by.</summary>
internal sealed class HomeAddress
{
    private readonly VolumeConfiguration _configuration;

    /// <param name="configuration">The settings that the volume was opened with.</param>
    public HomeAddress(VolumeConfiguration configuration) => _configuration = configuration;

    /// <summary>Why writing another one would not have it used; null when it would.</summary>
    public string? Problem => _configuration.Settings.Single(static effective => effective.Setting == VolumeSettings.Store) is { Source: not SettingSource.File } given
        ? $"the address of the volume's home is not read from {VolumeFile.Name} but given by {given.Place}"
        : null;

    /// <summary>Has volume.yaml name a store, at once; the rest of the file stays as it is. Durably, unless the disk does not say that it is.</summary>
    /// <remarks>
    /// Once the file says so, the next opening goes by it, and so must whoever has the volume open: else they part. Should a power cut bring the former address back, the store there
    /// is a mirror, and refused as soon as it lacks something.
    /// </remarks>
    /// <exception cref="VolumeException">It cannot be written; it is as it was.</exception>
    public void Write(StoreUrl home)
    {
        string path = Path.Combine(_configuration.Directory, VolumeFile.Name);
        try
        {
            path = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            string text = VolumeFile.Replace(File.ReadAllText(path), VolumeSettings.Store.Key, home.ToString())
                ?? throw new VolumeException(VolumeFailure.Configuration, $"have {path} name {home}: the file cannot be read", "'hipaafs config check' says what is wrong with it");
            _ = DurableFile.Rewrite(path, Encoding.UTF8.GetBytes(text));
        }
        catch (IOException error)
        {
            throw Failure(path, home, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Failure(path, home, error);
        }
    }

    private static VolumeException Failure(string path, StoreUrl home, Exception error) =>
        new(VolumeFailure.Io, $"have {path} name {home}: {error.Message}", "let the user of the mount write it, and run the command again", error);
}
