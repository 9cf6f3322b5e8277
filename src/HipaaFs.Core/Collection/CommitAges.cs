using System.Buffers.Binary;
using System.Diagnostics;
using HipaaFs.Metadata;
using HipaaFs.Sessions;

namespace HipaaFs.Collection;

/// <summary>How old commits are at least: by the time that was measured while the volume was mounted, and nothing that a clock was set by.</summary>
/// <remarks>
/// <para>Commits are made in their order, so that a few of them with the time at which each was seen say it of all. What is noted when a volume closes counts for the
/// next session. What a crash kept from being noted does not: everything is younger than it is then, and nothing goes too early.</para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class CommitAges
{
    private const string Setting = "collection.ages";
    private const int MarkSize = sizeof(ulong) + sizeof(long);

    // Holds two marks at most, however often somebody asks for rounds.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly IMetadataStore _metadata;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly TimeSpan _longest;
    private readonly long _begun;
    private readonly List<Mark> _marks = []; // Oldest first, sequences and times rising. Guarded by _lock.
    private bool _isLoaded; // Guarded by _lock.

    /// <summary>Begins to measure.</summary>
    /// <param name="metadata">Whose commits, and where they are noted.</param>
    /// <param name="clock">Numbers what is noted.</param>
    /// <param name="time">What measures.</param>
    /// <param name="longest">The highest age that is asked for.</param>
    internal CommitAges(IMetadataStore metadata, SessionClock clock, TimeProvider time, TimeSpan longest)
    {
        _metadata = metadata;
        _clock = clock;
        _time = time;
        _longest = longest;
        _begun = time.GetTimestamp();
    }

    /// <summary>Takes note of what is applied now; the first time also of what the last session noted.</summary>
    internal async ValueTask LookAsync(CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> noted = await _metadata.GetSettingAsync(Setting, cancel);
        CommitSequence applied = _metadata.Applied;
        TimeSpan now = _time.GetElapsedTime(_begun);
        lock (_lock)
        {
            if (!_isLoaded && (noted.Succeeded || noted.Error == MetadataError.NotFound))
            {
                _marks.InsertRange(0, noted.Succeeded ? Decode(noted.Value.Span, applied) : []);
                _isLoaded = true;
            }

            Add(new Mark(applied, now));
            ForgetBefore(now - _longest);
        }
    }

    /// <summary>The newest commit that is known to be of this age; 0 when none is.</summary>
    internal CommitSequence OlderThan(TimeSpan age)
    {
        TimeSpan limit = _time.GetElapsedTime(_begun) - age;
        lock (_lock)
        {
            for (int i = _marks.Count - 1; i >= 0; i--)
            {
                if (_marks[i].At <= limit)
                {
                    return _marks[i].Sequence;
                }
            }
        }

        return default;
    }

    /// <summary>Notes the ages, so that the next session goes on with them.</summary>
    internal async ValueTask SaveAsync()
    {
        await LookAsync(CancellationToken.None);
        byte[] encoded;
        lock (_lock)
        {
            if (!_isLoaded)
            {
                return; // What the last session noted may still be there.
            }

            encoded = Encode();
        }

        // A store that refuses it has failed, and who closes the volume sees that; without the note everything is younger.
        await _metadata.SetSettingAsync(_clock.NextOperation(), Setting, encoded, CancellationToken.None);
    }

    // One of three that are this near to each other goes, the middle one: what it said is said a little later.
    private void Add(Mark mark)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "the marks are changed under their lock");
        if (_marks.Count > 0 && mark.Sequence <= _marks[^1].Sequence)
        {
            return;
        }

        if (_marks.Count > 1 && mark.At - _marks[^2].At < Step)
        {
            _marks.RemoveAt(_marks.Count - 1);
        }

        _marks.Add(mark);
    }

    private void ForgetBefore(TimeSpan limit)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "the marks are changed under their lock");
        int unused = 0;
        while (unused + 1 < _marks.Count && _marks[unused + 1].At <= limit)
        {
            unused++;
        }

        _marks.RemoveRange(0, unused);
    }

    // Each mark: sequence u64, age i64 (ticks).
    private byte[] Encode()
    {
        TimeSpan now = _time.GetElapsedTime(_begun);
        byte[] encoded = new byte[_marks.Count * MarkSize];
        Span<byte> rest = encoded;
        foreach (Mark mark in _marks)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, mark.Sequence.Value);
            BinaryPrimitives.WriteInt64LittleEndian(rest[sizeof(ulong)..], (now - mark.At).Ticks);
            rest = rest[MarkSize..];
        }

        return encoded;
    }

    // Nothing when it makes no sense: everything is as young as this session then.
    private static List<Mark> Decode(ReadOnlySpan<byte> encoded, CommitSequence applied)
    {
        var marks = new List<Mark>();
        if (encoded.Length % MarkSize != 0)
        {
            return marks;
        }

        for (ReadOnlySpan<byte> rest = encoded; !rest.IsEmpty; rest = rest[MarkSize..])
        {
            var mark = new Mark(
                new CommitSequence(BinaryPrimitives.ReadUInt64LittleEndian(rest)),
                TimeSpan.FromTicks(-Math.Clamp(BinaryPrimitives.ReadInt64LittleEndian(rest[sizeof(ulong)..]), 0, TimeSpan.MaxValue.Ticks)));
            bool isNext = marks.Count == 0 || (mark.Sequence > marks[^1].Sequence && mark.At >= marks[^1].At);
            if (mark.Sequence > applied || !isNext)
            {
                return [];
            }

            marks.Add(mark);
        }

        return marks;
    }

    // At is counted from the beginning of this session, negative before it.
    private readonly record struct Mark(CommitSequence Sequence, TimeSpan At);
}
