namespace HipaaFs.Storage;

/// <summary>How urgently an archived object is brought back; quicker costs more.</summary>
public enum RestoreSpeed
{
    /// <summary>The cheapest the store offers (S3 Bulk), often half a day or more.</summary>
    Bulk,

    /// <summary>The store's usual speed (S3 and Azure Standard), hours.</summary>
    Standard,

    /// <summary>The quickest the store offers (S3 Expedited, which DEEP_ARCHIVE has not; Azure High), minutes to an hour.</summary>
    Expedited,
}
