namespace HipaaFs.Testing.Mounts;

/// <summary>How a test's volume is made and mounted.</summary>
public sealed record MountedVolumeOptions
{
    /// <summary>Lines added to volume.yaml before the first mount, each with its line feed.</summary>
    public string Configuration { get; init; } = string.Empty;

    /// <summary>Text of -o; empty: none.</summary>
    public string MountOptions { get; init; } = string.Empty;

    /// <summary>Directory that VOLUME is made in; null: the test's own. A small filesystem, say.</summary>
    public string? VolumeParent { get; init; }

    /// <summary>URL of the store; null: a directory.</summary>
    public string? Store { get; init; }

    /// <summary>Whether the store lies beside VOLUME and not in it, so that VOLUME can be lost without it.</summary>
    public bool SeparateStore { get; init; } = true;

    /// <summary>Whether the volume is also mounted.</summary>
    public bool Mount { get; init; } = true;
}
