namespace HipaaFs.Storage;

/// <summary>What a store calls one version of an object. Opaque: compared for equality only, never across stores.</summary>
/// <param name="Value">The store's text; empty means unknown, and as an argument "any version".</param>
public readonly record struct EntityTag(string? Value)
{
    /// <summary>No version known, or any version accepted.</summary>
    public static EntityTag Any => default;

    /// <summary>Whether this names no version.</summary>
    public bool IsAny => string.IsNullOrEmpty(Value);

    /// <summary>Whether an object of version <paramref name="current"/> satisfies a request that names this version.</summary>
    public bool Accepts(EntityTag current) => IsAny || string.Equals(Value, current.Value, StringComparison.Ordinal);
}
