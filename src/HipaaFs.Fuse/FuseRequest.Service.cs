using System.Runtime.CompilerServices;

namespace HipaaFs.Fuse;

// Interruption, and going on after a suspended ServeAsync.
public sealed partial class FuseRequest
{
    private readonly Action _resumed;
    private readonly Lock _interruptLock = new();
    private FuseDispatcher? _dispatcher;
    private ValueTask _pending;

    // Uniques are never used twice on a connection, so a late INTERRUPT cannot hit the request's successor in this object.
    private ulong _activeUnique;
    private ulong _interruptedUnique;
    private CancellationTokenSource? _interruption; // Guarded by _interruptLock.

    /// <summary>Cancelled when the caller is being killed, or the connection has ended; other signals are not seen (<see cref="InterruptWatch"/>). Created when first asked for; do not ask where nothing waits.</summary>
    public CancellationToken Interrupted
    {
        get
        {
            lock (_interruptLock)
            {
                _interruption ??= new CancellationTokenSource();
                if (IsInterrupted && !_interruption.IsCancellationRequested)
                {
                    _interruption.Cancel();
                }

                return _interruption.Token;
            }
        }
    }

    /// <summary>Whether <see cref="Interrupted"/> is cancelled, without creating a token.</summary>
    public bool IsInterrupted => Unique != 0 && Volatile.Read(ref _interruptedUnique) == Unique;

    internal bool IsLarge { get; set; }

    internal bool IsWarm { get; set; }

    internal FuseDevice? Device => _device;

    /// <summary>Whether the request is in service under this number.</summary>
    internal bool IsServing(ulong unique) => Volatile.Read(ref _activeUnique) == unique;

    /// <summary>Interrupts the request when it is in service under this number. Returns false when it is not.</summary>
    internal bool TryInterrupt(ulong unique)
    {
        if (!IsServing(unique))
        {
            return false;
        }

        Volatile.Write(ref _interruptedUnique, unique);
        lock (_interruptLock)
        {
            if (_interruption is not null && Volatile.Read(ref _activeUnique) == unique)
            {
                // Not Cancel: continuations must not run on a request thread.
                _ = _interruption.CancelAsync();
            }
        }

        return true;
    }

    /// <summary>Interrupts the request when it is in service, under whatever number.</summary>
    internal void Interrupt() => TryInterrupt(Volatile.Read(ref _activeUnique));

    /// <summary>Lets the request go on by itself; its dispatcher is told when the task ends.</summary>
    internal void Suspend(ValueTask pending)
    {
        _pending = pending;
        pending.GetAwaiter().UnsafeOnCompleted(_resumed);
    }

    /// <summary>Drops what belongs to this use of the object.</summary>
    internal void EndService()
    {
        _pending = default;
        if (_interruption is not null)
        {
            lock (_interruptLock)
            {
                _interruption = null;
            }
        }
    }

    /// <summary>Has its turn after it had to wait for the limit of large requests.</summary>
    internal void ServeWaiting()
    {
        _dispatcher!.ServeWaiting(this);
    }

    private void Resume()
    {
        _dispatcher!.Resumed(this, _pending);
    }
}
