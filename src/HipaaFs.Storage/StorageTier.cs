namespace HipaaFs.Storage;

/// <summary>A store's storage class in this product's words, from quick and dear to slow and cheap.</summary>
public enum StorageTier
{
    /// <summary>Read at once, no retrieval fee.</summary>
    Hot,

    /// <summary>Read at once, with a retrieval fee.</summary>
    Cool,

    /// <summary>Read at once, with a higher retrieval fee and a minimum time of storage.</summary>
    Cold,

    /// <summary>Read only after a restore that takes minutes to days.</summary>
    Archive,
}
