namespace HipaaFs.Storage;

/// <summary>What keeps an object from being replaced and deleted.</summary>
public sealed record ObjectProtection
{
    /// <summary>Nothing does.</summary>
    public static ObjectProtection None { get; } = new();

    /// <summary>Its retention, which may be over; null when it never had one.</summary>
    public ObjectRetention? Retention { get; init; }

    /// <summary>Whether a legal hold is on it: it stays until that is released, whatever the retention says. Default false.</summary>
    public bool LegalHold { get; init; }

    /// <summary>Whether it keeps the object at a time.</summary>
    public bool IsInForce(DateTimeOffset now) => LegalHold || Retention?.Until > now;

    /// <summary>Whether it keeps the object at least as well and as long as another would.</summary>
    public bool Covers(ObjectProtection other) =>
        (LegalHold || !other.LegalHold) && (other.Retention is null || !other.Retention.IsWeakenedBy(Retention));
}
