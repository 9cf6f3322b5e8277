namespace HipaaFs.Storage;

/// <summary>Whether an archived object can be read now.</summary>
public enum RestoreState
{
    /// <summary>No restore was asked for, or the object is not archived.</summary>
    None,

    /// <summary>A restore is under way.</summary>
    InProgress,

    /// <summary>The restored copy can be read until <see cref="ObjectProperties.RestoredUntil"/>.</summary>
    Available,
}
