using System.Buffers.Binary;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Snapshots;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Trash;

/// <summary>The time by which the trash ages: what was measured while the volume was mounted, and nothing that a clock was set by.</summary>
/// <remarks>
/// <para>A clock that jumps ahead by years, or starts years ahead, would end the time of everything that can be had back; so only time that went by while this looked counts.
/// Where the time of day and what was measured agree, the former is followed; where they do not, the difference is kept, since names and creation times of snapshots have it.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
internal sealed partial class TrashClock
{
    private const string Setting = "trash.clock";
    private const string DaysSetting = "trash.days";
    private const int HeaderSize = 2 * sizeof(long);
    private const int RunSize = 2 * sizeof(long);

    // What daemons that keep a clock right move it by at once, and what a thread may wait between two readings.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WorthTelling = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SaveAfter = TimeSpan.FromHours(1);

    private readonly IMetadataStore _metadata;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<(ulong First, TimeSpan Ahead)> _runs = []; // From which snapshot on, how far the times of day were ahead.
    private ulong _known; // Snapshots up to here are in a run.
    private bool _isLoaded;
    private bool _isChanged;
    private TimeSpan _ahead; // The time of day of now.
    private DateTimeOffset _saved;
    private DateTimeOffset _seen; // The time of day at the last look.
    private long _seenAt;
    private TimeSpan _jumped; // All jumps of this session.

    internal TrashClock(IMetadataStore metadata, SessionClock clock, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>For how many days the volume keeps its trash, as its last mount was told; 0 when it keeps none. A restore has no other way to know.</summary>
    internal static async ValueTask<MetadataResult<int>> ReadDaysAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> days = await metadata.GetSettingAsync(DaysSetting, cancel);
        if (!days.Succeeded && days.Error != MetadataError.NotFound)
        {
            return days.Error;
        }

        return days.Succeeded && days.Value.Length == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(days.Value.Span) : 0;
    }

    /// <summary>Notes for how many days the volume keeps its trash, where that has changed.</summary>
    internal async ValueTask<FsError> NoteDaysAsync(int days, CancellationToken cancel)
    {
        MetadataResult<int> noted = await ReadDaysAsync(_metadata, cancel);
        if (!noted.Succeeded || noted.Value == days)
        {
            return noted.Error.ToFsError();
        }

        byte[] value = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(value, days);
        MetadataResult<Applied> set = await _metadata.SetSettingAsync(_clock.NextOperation(), DaysSetting, value, cancel);
        return set.Error.ToFsError();
    }

    /// <summary>The time that counts, as of the last look.</summary>
    internal DateTimeOffset Now { get; private set; }

    /// <summary>How far the time of day is off from what was measured in this session; null when it is not.</summary>
    internal ClockJump? Jump { get; private set; }

    /// <summary>Lets the time go on that was measured since the last look, and takes note of the snapshots that came since.</summary>
    /// <param name="all">All snapshots, oldest first.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async ValueTask LookAsync(IReadOnlyList<Snapshot> all, CancellationToken cancel)
    {
        if (!_isLoaded)
        {
            await LoadAsync(all, cancel);
        }

        DateTimeOffset before = Now;
        Measure();
        foreach (Snapshot snapshot in all)
        {
            if (snapshot.Id.Value > _known)
            {
                AddRun(snapshot, before);
            }
        }

        ForgetBefore(all.Count == 0 ? ulong.MaxValue : all[0].Id.Value);
    }

    /// <summary>When a snapshot was taken, by the time that counts.</summary>
    internal DateTimeOffset TakenAt(Snapshot snapshot)
    {
        TimeSpan ahead = default;
        foreach ((ulong first, TimeSpan runAhead) in _runs)
        {
            if (first > snapshot.Id.Value)
            {
                break;
            }

            ahead = runAhead;
        }

        return Earlier(Minus(snapshot.Created, ahead), Now);
    }

    /// <summary>Notes the time, so that the next session goes on with it. What is not noted does not count: nothing goes too early.</summary>
    internal async ValueTask<FsError> SaveAsync(bool atOnce)
    {
        if (!_isLoaded || (!_isChanged && !(Now - _saved >= SaveAfter) && !(atOnce && Now != _saved)))
        {
            return FsError.None;
        }

        MetadataResult<Applied> saved = await _metadata.SetSettingAsync(_clock.NextOperation(), Setting, Encode(), CancellationToken.None);
        if (!saved.Succeeded)
        {
            return saved.Error.ToFsError();
        }

        _isChanged = false;
        _saved = Now;
        return FsError.None;
    }

    private void Measure()
    {
        DateTimeOffset timeOfDay = _time.GetUtcNow();
        long at = _time.GetTimestamp();
        TimeSpan measured = _time.GetElapsedTime(_seenAt, at);
        TimeSpan moved = timeOfDay - _seen - measured;
        _seen = timeOfDay;
        _seenAt = at;
        if (moved.Duration() <= Slack)
        {
            Now = Minus(timeOfDay, _ahead);
            return;
        }

        Now += measured;
        _ahead = timeOfDay - Now;
        _jumped += moved;
        Tell(moved);
    }

    private void Tell(TimeSpan moved)
    {
        if (moved.Duration() >= WorthTelling)
        {
            LogMoved(_logger, moved);
        }

        Jump = _jumped.Duration() >= WorthTelling ? new ClockJump(_jumped) : null;
    }

    // A jump may have come before the snapshot or after it: it was taken between the two looks all the same.
    private void AddRun(Snapshot snapshot, DateTimeOffset before)
    {
        DateTimeOffset taken = Earlier(Later(Minus(snapshot.Created, _ahead), before), Now);
        TimeSpan ahead = snapshot.Created - taken;
        if (_runs.Count == 0 || _runs[^1].Ahead != ahead)
        {
            _runs.Add((snapshot.Id.Value, ahead));
        }

        _known = snapshot.Id.Value;
        _isChanged = true;
    }

    private void ForgetBefore(ulong oldest)
    {
        int unused = 0;
        while (unused + 1 < _runs.Count && _runs[unused + 1].First <= oldest)
        {
            unused++;
        }

        _runs.RemoveRange(0, unused);
    }

    private async ValueTask LoadAsync(IReadOnlyList<Snapshot> all, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> setting = await _metadata.GetSettingAsync(Setting, cancel);
        _seen = _time.GetUtcNow();
        _seenAt = _time.GetTimestamp();
        if (!setting.Succeeded || !TryDecode(setting.Value.Span))
        {
            Begin(all);
        }

        _ahead = _seen - Now;
        _saved = Now;
        _isLoaded = true;
        if (_ahead <= -WorthTelling)
        {
            _jumped = _ahead; // It was later than this already. Being ahead is the time that the volume was not mounted.
            Tell(_ahead);
        }
    }

    // Nothing was measured yet: what the newest snapshot says is all that is known of the time.
    private void Begin(IReadOnlyList<Snapshot> all)
    {
        _runs.Clear();
        _runs.Add((0, TimeSpan.Zero));
        _isChanged = true;
        Now = _seen;
        for (int i = all.Count - 1; i >= 0; i--)
        {
            _known = Math.Max(_known, all[i].Id.Value);
            if (!all[i].HasLabel)
            {
                Now = Earlier(all[i].Created, _seen);
                return;
            }
        }
    }

    // Time i64 (milliseconds since 1970), newest known snapshot u64, then the runs: first snapshot u64, ahead i64 (ticks).
    private byte[] Encode()
    {
        byte[] encoded = new byte[HeaderSize + (_runs.Count * RunSize)];
        BinaryPrimitives.WriteInt64LittleEndian(encoded, Now.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64LittleEndian(encoded.AsSpan(8), _known);
        Span<byte> rest = encoded.AsSpan(HeaderSize);
        foreach ((ulong first, TimeSpan ahead) in _runs)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, first);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], ahead.Ticks);
            rest = rest[RunSize..];
        }

        return encoded;
    }

    private bool TryDecode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length < HeaderSize || (encoded.Length - HeaderSize) % RunSize != 0)
        {
            return false;
        }

        long milliseconds = BinaryPrimitives.ReadInt64LittleEndian(encoded);
        if (milliseconds < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            return false;
        }

        Now = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        _known = BinaryPrimitives.ReadUInt64LittleEndian(encoded[8..]);
        for (ReadOnlySpan<byte> rest = encoded[HeaderSize..]; !rest.IsEmpty; rest = rest[RunSize..])
        {
            _runs.Add((BinaryPrimitives.ReadUInt64LittleEndian(rest), TimeSpan.FromTicks(BinaryPrimitives.ReadInt64LittleEndian(rest[8..]))));
        }

        return true;
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    // Clocks can be anywhere.
    private static DateTimeOffset Minus(DateTimeOffset moment, TimeSpan by) =>
        new((long)Int128.Clamp((Int128)moment.UtcTicks - by.Ticks, 0, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero);

    [LoggerMessage(597, LogLevel.Warning, "The time of day moved by {By} more than was measured: it was set, or the machine slept. The trash does not age by that")]
    private static partial void LogMoved(ILogger logger, TimeSpan by);
}
