namespace HipaaFs.Volumes;

/// <summary>Why a volume cannot be made, opened or worked on.</summary>
public enum VolumeFailure
{
    /// <summary>A setting is wrong.</summary>
    Configuration,

    /// <summary>The key is missing, wrong or damaged.</summary>
    Key,

    /// <summary>A store cannot be reached or refuses.</summary>
    Store,

    /// <summary>Something stored is damaged.</summary>
    Integrity,

    /// <summary>Another process has it.</summary>
    HeldByAnother,

    /// <summary>There is no volume.</summary>
    NotFound,

    /// <summary>It was made by a newer version.</summary>
    UnsupportedFormat,

    /// <summary>A disk is full.</summary>
    NoSpace,

    /// <summary>Something is where nothing may be.</summary>
    NotEmpty,

    /// <summary>A rule forbids it.</summary>
    Refused,

    /// <summary>A local disk or file failed.</summary>
    Io,
}
