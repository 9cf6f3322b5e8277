using System.Buffers.Binary;
using HipaaFs.Crypto;
using HipaaFs.Storage;

namespace HipaaFs.Archives;

/// <summary>One segment that is on its way back from an archive, or back for a while.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Store">Number of the store whose copy it is.</param>
/// <param name="Speed">How urgently it was asked for.</param>
/// <param name="Days">For how many days it stays readable.</param>
/// <param name="Asked">When it was asked for.</param>
internal sealed record Recall(SegmentId Segment, int Store, RestoreSpeed Speed, int Days, DateTimeOffset Asked)
{
    /// <summary>Length of one in settings: segment 16, store, speed, whether it has moved, 0, days u16, 0 u16, asked and until in Unix seconds i64, until 0 while it is under way.</summary>
    internal const int Size = SegmentId.Size + 8 + sizeof(long) + sizeof(long);

    /// <summary>Until when it can be read; null while it is under way.</summary>
    internal DateTimeOffset? Until { get; init; }

    /// <summary>Whether the store made the object itself readable, not a copy that goes away, so that somebody has to move it down again.</summary>
    internal bool HasMoved { get; init; }

    /// <summary>Whether another request brings nothing more.</summary>
    internal bool Covers(RestoreRequest request, DateTimeOffset now) =>
        Until is { } until ? until >= now.AddDays(request.Days) || (Days >= request.Days && until > now) : Speed >= request.Speed && Days >= request.Days;

    /// <summary>Whether its store begins anew for a request at a speed, and charges for it, rather than keep for longer what it has begun or has back.</summary>
    internal bool IsBegunAnewAt(RestoreSpeed speed, DateTimeOffset now) => Until is { } until ? until <= now : speed > Speed;

    /// <summary>When it is back at the latest, by what stores promise.</summary>
    internal DateTimeOffset Expected => Asked + LongestOf(Speed);

    /// <summary>How long a recall takes at most, by what stores promise.</summary>
    internal static TimeSpan LongestOf(RestoreSpeed speed) => speed switch
    {
        RestoreSpeed.Expedited => TimeSpan.FromHours(1), // Azure's high priority; S3 says five minutes.
        RestoreSpeed.Standard => TimeSpan.FromHours(15), // Azure; S3 12 hours from its deepest class.
        _ => TimeSpan.FromHours(48),
    };

    /// <summary>Writes it, <see cref="Size"/> bytes.</summary>
    internal void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        Segment.Write(destination);
        Span<byte> rest = destination[SegmentId.Size..];
        rest[0] = (byte)Store;
        rest[1] = (byte)Speed;
        rest[2] = HasMoved ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(rest[4..], (ushort)Days);
        BinaryPrimitives.WriteInt64LittleEndian(rest[8..], Asked.ToUnixTimeSeconds());
        BinaryPrimitives.WriteInt64LittleEndian(rest[16..], Until?.ToUnixTimeSeconds() ?? 0);
    }

    /// <summary>Reads one. Null when it makes no sense.</summary>
    internal static Recall? TryRead(ReadOnlySpan<byte> source)
    {
        ReadOnlySpan<byte> rest = source[SegmentId.Size..];
        long asked = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
        long until = BinaryPrimitives.ReadInt64LittleEndian(rest[16..]);
        var speed = (RestoreSpeed)rest[1];
        return Enum.IsDefined(speed) && IsTime(asked) && IsTime(until)
            ? new Recall(SegmentId.Read(source), rest[0], speed, BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]), DateTimeOffset.FromUnixTimeSeconds(asked))
            {
                Until = until == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(until),
                HasMoved = rest[2] != 0,
            }
            : null;
    }

    private static bool IsTime(long seconds) => seconds >= 0 && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();
}
