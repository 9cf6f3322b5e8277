namespace HipaaFs.Storage;

/// <summary>What is wrong with a store's URL.</summary>
public enum StoreUrlError
{
    /// <summary>There is no text.</summary>
    Empty,

    /// <summary>It does not begin with a scheme and a colon.</summary>
    NoScheme,

    /// <summary>The scheme names no kind of store.</summary>
    UnknownScheme,

    /// <summary>It carries a user name or password, which belong into the provider's own credential sources.</summary>
    HasCredentials,

    /// <summary>The path of a file URL is missing, relative, or on another host.</summary>
    InvalidPath,

    /// <summary>The bucket, account or container is missing or not a name the provider allows.</summary>
    InvalidBucket,

    /// <summary>The prefix has an empty segment, a dot segment or a control character.</summary>
    InvalidPrefix,

    /// <summary>A query key that this kind of store does not know.</summary>
    UnknownKey,

    /// <summary>A query key that is given twice.</summary>
    DuplicateKey,

    /// <summary>The value of a query key is not what it must be.</summary>
    InvalidValue,

    /// <summary>The endpoint speaks plain http to another machine, which needs <c>allow-insecure=true</c>.</summary>
    InsecureEndpoint,

    /// <summary>A fragment, or text where there must be none.</summary>
    UnexpectedText,
}
