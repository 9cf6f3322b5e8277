namespace HipaaFs.Fuse;

/// <summary>Splits a validity time into the seconds and nanoseconds of the protocol.</summary>
public static class FuseTimeout
{
    /// <summary>Returns the whole seconds and the rest in nanoseconds; a negative time is 0.</summary>
    public static (ulong Seconds, uint Nanoseconds) Split(TimeSpan time)
    {
        long ticks = Math.Max(0, time.Ticks);
        return ((ulong)(ticks / TimeSpan.TicksPerSecond), (uint)(ticks % TimeSpan.TicksPerSecond) * 100);
    }
}

public partial struct FuseEntryOut
{
    /// <summary>Sets how long the kernel may use the name and the attributes without asking again.</summary>
    public void SetTimeouts(TimeSpan entry, TimeSpan attributes)
    {
        (EntryValid, EntryValidNanoseconds) = FuseTimeout.Split(entry);
        (AttributesValid, AttributesValidNanoseconds) = FuseTimeout.Split(attributes);
    }
}

public partial struct FuseAttrOut
{
    /// <summary>Sets how long the kernel may use the attributes without asking again.</summary>
    public void SetTimeout(TimeSpan attributes)
    {
        (AttributesValid, AttributesValidNanoseconds) = FuseTimeout.Split(attributes);
    }
}

public partial struct FuseStatxOut
{
    /// <summary>Sets how long the kernel may use the attributes without asking again.</summary>
    public void SetTimeout(TimeSpan attributes)
    {
        (AttributesValid, AttributesValidNanoseconds) = FuseTimeout.Split(attributes);
    }
}
