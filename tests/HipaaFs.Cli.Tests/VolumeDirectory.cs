namespace HipaaFs.Cli.Tests;

/// <summary>A directory with a volume.yaml, removed at the end of the test.</summary>
internal sealed class VolumeDirectory : IDisposable
{
    public const string Id = "5f0c7c3e-2b52-4f6d-8f0a-1c2d3e4f5a6b";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hipaafs-cli-");

    public string Root => _root.FullName;

    public string Volume => Path.Combine(Root, "volume");

    public string MountPoint => Path.Combine(Root, "mnt");

    public static string MinimalText => $"version: 1\nid: {Id}\nstore: file:///var/lib/x\n";

    public VolumeDirectory Write(string text)
    {
        Directory.CreateDirectory(Volume);
        Directory.CreateDirectory(MountPoint);
        File.WriteAllText(Path.Combine(Volume, "volume.yaml"), text);
        return this;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
