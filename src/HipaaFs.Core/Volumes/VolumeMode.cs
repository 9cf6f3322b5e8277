namespace HipaaFs.Volumes;

/// <summary>What a volume is opened for.</summary>
public enum VolumeMode
{
    /// <summary>Reading and writing: a session is opened.</summary>
    ReadWrite,

    /// <summary>Reading only: nothing is changed, locally or in the store, but the cache.</summary>
    ReadOnly,
}
