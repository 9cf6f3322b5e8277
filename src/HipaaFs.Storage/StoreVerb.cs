namespace HipaaFs.Storage;

/// <summary>The kinds of request, one for each operation of <see cref="IObjectStore"/>.</summary>
public enum StoreVerb
{
    /// <summary><see cref="IObjectStore.ReadAsync"/>.</summary>
    Read,

    /// <summary><see cref="IObjectStore.PutAsync"/>.</summary>
    Put,

    /// <summary><see cref="IObjectStore.PutFileAsync"/>.</summary>
    PutFile,

    /// <summary><see cref="IObjectStore.GetPropertiesAsync"/>.</summary>
    GetProperties,

    /// <summary><see cref="IObjectStore.ListAsync"/>.</summary>
    List,

    /// <summary><see cref="IObjectStore.DeleteAsync"/>.</summary>
    Delete,

    /// <summary><see cref="IObjectStore.SetTierAsync"/>.</summary>
    SetTier,

    /// <summary><see cref="IObjectStore.RestoreAsync"/>.</summary>
    Restore,

    /// <summary><see cref="IObjectStore.SetRetentionAsync"/>.</summary>
    SetRetention,

    /// <summary><see cref="IObjectStore.SetLegalHoldAsync"/>.</summary>
    SetLegalHold,
}
