using HipaaFs.Metadata;

namespace HipaaFs.Sessions;

/// <summary>What every change of a session carries: a number that makes a repeat recognisable, and the time.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class SessionClock
{
    private readonly TimeProvider _time;
    private ulong _lastOperation;

    internal SessionClock(SessionId session, TimeProvider time)
    {
        Session = session;
        _time = time;
    }

    /// <summary>The session; 0 on a read-only mount, which has none.</summary>
    internal SessionId Session { get; }

    /// <summary>Now, as inodes record it.</summary>
    internal Timestamp Now => Timestamp.FromDateTimeOffset(_time.GetUtcNow());

    /// <summary>A new operation's id.</summary>
    internal OperationId NextOperation() => new(Session.Value, Interlocked.Increment(ref _lastOperation));
}
