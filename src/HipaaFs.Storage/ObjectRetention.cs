namespace HipaaFs.Storage;

/// <summary>Until when an object is neither replaced nor deleted, and whether that can be taken back.</summary>
public sealed record ObjectRetention
{
    /// <param name="mode">Whether it can be taken back.</param>
    /// <param name="until">When it ends, by the store's clock. Rounded up to a whole second, since stores keep no parts of one.</param>
    public ObjectRetention(RetentionMode mode, DateTimeOffset until)
    {
        Mode = mode;
        long over = until.UtcTicks % TimeSpan.TicksPerSecond;
        Until = until.ToUniversalTime().AddTicks(over == 0 ? 0 : TimeSpan.TicksPerSecond - over);
    }

    /// <summary>Whether it can be taken back.</summary>
    public RetentionMode Mode { get; }

    /// <summary>When it ends, in UTC and whole seconds.</summary>
    public DateTimeOffset Until { get; }

    /// <summary>Whether an object would be less protected with another retention, null for none, than with this one.</summary>
    public bool IsWeakenedBy(ObjectRetention? other) => other is null || other.Until < Until || other.Mode < Mode;
}
