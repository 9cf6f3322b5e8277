using System.Globalization;

namespace HipaaFs.Metadata;

/// <summary>A moment, in nanoseconds since 1970-01-01 00:00:00 UTC; from 1677 to 2262.</summary>
/// <param name="Nanoseconds">Nanoseconds since the epoch; negative before it.</param>
public readonly record struct Timestamp(long Nanoseconds) : IComparable<Timestamp>
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerTick = 100;

    /// <summary>The whole seconds, rounded towards the past, so that <see cref="SubsecondNanoseconds"/> is never negative.</summary>
    public long Seconds => (Nanoseconds / NanosecondsPerSecond) - (Nanoseconds % NanosecondsPerSecond < 0 ? 1 : 0);

    /// <summary>The nanoseconds after <see cref="Seconds"/>: 0 to 999,999,999.</summary>
    public uint SubsecondNanoseconds
    {
        get
        {
            long rest = Nanoseconds % NanosecondsPerSecond;
            return (uint)(rest < 0 ? rest + NanosecondsPerSecond : rest);
        }
    }

    /// <summary>Orders by time.</summary>
    public static bool operator <(Timestamp left, Timestamp right) => left.Nanoseconds < right.Nanoseconds;

    /// <summary>Orders by time.</summary>
    public static bool operator >(Timestamp left, Timestamp right) => left.Nanoseconds > right.Nanoseconds;

    /// <summary>Orders by time.</summary>
    public static bool operator <=(Timestamp left, Timestamp right) => left.Nanoseconds <= right.Nanoseconds;

    /// <summary>Orders by time.</summary>
    public static bool operator >=(Timestamp left, Timestamp right) => left.Nanoseconds >= right.Nanoseconds;

    /// <summary>Converts from the platform's clock type. Moments that do not fit become the nearest that does.</summary>
    public static Timestamp FromDateTimeOffset(DateTimeOffset moment)
    {
        Int128 nanoseconds = (Int128)(moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * NanosecondsPerTick;
        return Saturate(nanoseconds);
    }

    /// <summary>Joins seconds and nanoseconds as struct timespec has them. Moments that do not fit become the nearest that does.</summary>
    public static Timestamp FromUnixTime(long seconds, uint nanoseconds) =>
        Saturate(((Int128)seconds * NanosecondsPerSecond) + nanoseconds);

    /// <summary>Converts to the platform's clock type, whose unit is 100 ns; the rest is cut off.</summary>
    public DateTimeOffset ToDateTimeOffset() =>
        DateTimeOffset.UnixEpoch.AddTicks((Seconds * (NanosecondsPerSecond / NanosecondsPerTick)) + (SubsecondNanoseconds / NanosecondsPerTick));

    /// <inheritdoc/>
    public int CompareTo(Timestamp other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>Seconds and nanoseconds, separated by a point.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seconds}.{SubsecondNanoseconds:d9}");

    private static Timestamp Saturate(Int128 nanoseconds) =>
        new((long)Int128.Clamp(nanoseconds, long.MinValue, long.MaxValue));
}
