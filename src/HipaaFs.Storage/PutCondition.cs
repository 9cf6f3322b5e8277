namespace HipaaFs.Storage;

/// <summary>When a put takes effect.</summary>
public enum PutCondition
{
    /// <summary>Always; an object of that key is replaced.</summary>
    None,

    /// <summary>Only when the key has no object: of racing writers, in any process, exactly one succeeds and the others get <see cref="StoreError.AlreadyExists"/>.</summary>
    IfAbsent,
}
