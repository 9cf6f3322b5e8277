namespace HipaaFs.Storage;

/// <summary>What the kinds of failure mean for whoever meets them.</summary>
public static class StoreErrors
{
    /// <summary>Whether repeating the request later may succeed by itself.</summary>
    public static bool IsTransient(this StoreError error) => error is StoreError.Throttled or StoreError.Unavailable or StoreError.TimedOut;

    /// <summary>Whether a change that failed so may have been done all the same.</summary>
    public static bool IsAmbiguous(this StoreError error) => error is StoreError.Unavailable or StoreError.TimedOut;

    /// <summary>Whether this is the store's proper answer to the question rather than a failure to answer it.</summary>
    public static bool IsAnswer(this StoreError error) =>
        error is StoreError.None or StoreError.NotFound or StoreError.AlreadyExists or StoreError.VersionChanged or StoreError.Archived;
}
