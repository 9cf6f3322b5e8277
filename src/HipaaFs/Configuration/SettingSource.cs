namespace HipaaFs.Cli.Configuration;

/// <summary>Who said what a setting is; later ones win over earlier ones.</summary>
internal enum SettingSource
{
    /// <summary>Nobody: the default.</summary>
    Default,

    /// <summary>volume.yaml.</summary>
    File,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>The command line.</summary>
    Flag,
}
