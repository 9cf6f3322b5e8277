using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace HipaaFs.Testing.Servers.Faults;

/// <summary>Stands between a client and a real server of HTTP/1.1 and does to requests what networks and busy servers do. Counts all that arrive.</summary>
/// <remarks>
/// Bytes pass through unchanged, the Host header included, since signatures cover it: the client is given <see cref="Endpoint"/> as the server. The first fault that strikes
/// a request is the only one. Thread-safe.
/// </remarks>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentQueue<ProxyRequest> _requests = new();
    private readonly Lock _lock = new();
    private readonly List<ArmedFault> _faults = []; // This and the next four guarded by _lock.
    private readonly List<Task> _connections = [];
    private Func<ProxyRequest, ProxyFault?>? _plan;
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;
    private readonly Task _accepting;
    private int _struck;
    private int _held;

    private FaultProxy(Uri server)
    {
        Server = server;
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>Called when a request is held back, stalled or delayed, each time before the wait begins.</summary>
    public event Action? Holding;

    /// <summary>The server behind.</summary>
    public Uri Server { get; }

    /// <summary>Where clients find the proxy.</summary>
    public Uri Endpoint { get; }

    /// <summary>All requests that arrived, in order.</summary>
    public IReadOnlyCollection<ProxyRequest> Requests => _requests;

    /// <summary>How many requests a fault struck.</summary>
    public int Struck => Volatile.Read(ref _struck);

    /// <summary>How many requests were held back, stalled or delayed.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Begins to listen on a port of its own.</summary>
    public static FaultProxy Start(Uri server) => new(server);

    /// <summary>How many requests of a method arrived whose target holds a text.</summary>
    public int CountOf(string verb, string target = "") =>
        _requests.Count(request => request.Verb == verb && request.Target.Contains(target, StringComparison.Ordinal));

    /// <summary>Forgets the requests that arrived; their numbers go on.</summary>
    public void Forget() => _requests.Clear();

    /// <summary>Arms a fault.</summary>
    public void Add(ProxyFault fault)
    {
        lock (_lock)
        {
            _faults.Add(new ArmedFault(fault));
        }
    }

    /// <summary>Asks for every request that no armed fault strikes what is to happen to it; null for nothing.</summary>
    public void Follow(Func<ProxyRequest, ProxyFault?> plan)
    {
        lock (_lock)
        {
            _plan = plan;
        }
    }

    /// <summary>Disarms all faults and lets go of what is held.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _faults.Clear();
            _plan = null;
        }

        Release();
    }

    /// <summary>Lets go of what is held now.</summary>
    public void Release()
    {
        TaskCompletionSource released;
        lock (_lock)
        {
            released = _released;
            _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        released.SetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] connections;
        lock (_lock)
        {
            connections = [.. _connections];
        }

        await Task.WhenAll(connections);
        _closing.Dispose();
    }

    /// <summary>Notes a request and chooses what becomes of it.</summary>
    internal (ProxyRequest Request, ProxyFault? Fault) Arrive(string verb, string target, string head)
    {
        lock (_lock)
        {
            var request = new ProxyRequest(++_arrived, verb, target, head);
            _requests.Enqueue(request);
            ProxyFault? fault = null;
            foreach (ArmedFault armed in _faults)
            {
                if (armed.Strikes(request))
                {
                    fault = armed.Fault;
                    break;
                }
            }

            fault ??= _plan?.Invoke(request);
            if (fault is not null)
            {
                Interlocked.Increment(ref _struck);
            }

            return (request, fault);
        }
    }

    /// <summary>A task that ends when what is held now is let go of.</summary>
    internal Task Hold()
    {
        Task released;
        lock (_lock)
        {
            released = _released.Task;
        }

        Interlocked.Increment(ref _held);
        Holding?.Invoke();
        return released;
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_closing.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            lock (_lock)
            {
                _connections.RemoveAll(static connection => connection.IsCompletedSuccessfully);
                _connections.Add(Task.Run(() => ServeAsync(client)));
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var connection = new ProxyConnection(this, client);
        await connection.ServeAsync(_closing.Token);
    }

    private sealed class ArmedFault(ProxyFault fault)
    {
        private int _passed;
        private int _struck;

        public ProxyFault Fault { get; } = fault;

        public bool Strikes(ProxyRequest request)
        {
            if (!Fault.Concerns(request) || _struck >= Fault.Count)
            {
                return false;
            }

            if (_passed < Fault.Skip)
            {
                _passed++;
                return false;
            }

            if (Fault.Bucket?.TryTake() == true)
            {
                return false;
            }

            _struck++;
            return true;
        }
    }
}
