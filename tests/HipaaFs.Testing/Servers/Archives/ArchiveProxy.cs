using System.Net;
using System.Net.Sockets;
using System.Xml;
using System.Xml.Linq;
using Amazon.S3;
using Amazon.S3.Model;

namespace HipaaFs.Testing.Servers.Archives;

/// <summary>Stands between a client and a real S3 server that has storage classes but reads its archive at once, and adds what S3 does with archived objects.</summary>
/// <remarks>
/// <para>The server keeps the classes; here is kept which objects are being restored or are. GLACIER and DEEP_ARCHIVE are read and copied only after a restore, which takes
/// until <see cref="Finish"/> and lasts until <see cref="Expire"/>: nothing here takes time. See
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html.</para>
/// <para>What is allowed is decided when a request arrives. Other requests pass unchanged, the Host header included, since signatures cover it. The signatures of requests to
/// restore, which never reach the server, are not looked at, nor are versions of objects told apart. Thread-safe.</para>
/// </remarks>
public sealed class ArchiveProxy : IAsyncDisposable
{
    private readonly IAmazonS3 _view;
    private readonly TimeProvider _time;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _accepting;
    private readonly Lock _lock = new();
    private readonly List<Task> _connections = []; // This and the next guarded by _lock.
    private readonly Dictionary<(string Bucket, string Name), ArchiveRestore> _restores = [];

    private ArchiveProxy(Uri server, IAmazonS3 view, TimeProvider time)
    {
        Server = server;
        _view = view;
        _time = time;
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>The server behind.</summary>
    public Uri Server { get; }

    /// <summary>Where clients find the proxy.</summary>
    public Uri Endpoint { get; }

    /// <summary>Begins to listen on a port of its own.</summary>
    /// <param name="server">The server, plain http.</param>
    /// <param name="view">The administrator's view of the same server; borrowed.</param>
    /// <param name="time">The clock by which restored copies are dated.</param>
    public static ArchiveProxy Start(Uri server, IAmazonS3 view, TimeProvider time) => new(server, view, time);

    /// <summary>Ends the restores under way of the objects whose name holds a text: they can be read from now on. How many there were.</summary>
    public int Finish(string name = "")
    {
        lock (_lock)
        {
            (string Bucket, string Name)[] ongoing = [.. _restores.Where(restore => restore.Value.Until is null && Holds(restore.Key, name)).Select(static restore => restore.Key)];
            foreach ((string Bucket, string Name) found in ongoing)
            {
                _restores[found] = _restores[found].ReadableFor(_restores[found].Days, _time.GetUtcNow());
            }

            return ongoing.Length;
        }
    }

    /// <summary>Takes away the restored copies of the objects whose name holds a text. How many there were.</summary>
    public int Expire(string name = "")
    {
        lock (_lock)
        {
            (string Bucket, string Name)[] readable = [.. _restores.Where(restore => restore.Value.Until is not null && Holds(restore.Key, name)).Select(static restore => restore.Key)];
            foreach ((string Bucket, string Name) found in readable)
            {
                _restores.Remove(found);
            }

            return readable.Length;
        }
    }

    /// <summary>The speed, in S3's words, at which an object is being restored or was; null when it is not.</summary>
    public string? SpeedOf(string bucket, string name)
    {
        lock (_lock)
        {
            return _restores.GetValueOrDefault((bucket, name))?.Speed.ToString();
        }
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

    /// <summary>Whether an object is archived and not restored.</summary>
    internal async Task<bool> IsOutOfReachAsync(string bucket, string name, CancellationToken cancel)
    {
        ArchivedObject? found = await FindAsync(bucket, name, cancel);
        return found?.IsArchived == true && RestoreOf(bucket, name, found)?.Until is null;
    }

    /// <summary>The restore of an object as it is now; null when there is none.</summary>
    internal async Task<ArchiveRestore?> RestoreOfAsync(string bucket, string name, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (!_restores.ContainsKey((bucket, name)))
            {
                return null;
            }
        }

        return await FindAsync(bucket, name, cancel) is { } found ? RestoreOf(bucket, name, found) : null;
    }

    /// <summary>Forgets the restore of an object that was replaced or deleted.</summary>
    internal void Forget(string bucket, string name)
    {
        lock (_lock)
        {
            _restores.Remove((bucket, name));
        }
    }

    /// <summary>Does what a request to restore an object asks.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="name">The object.</param>
    /// <param name="body">The document RestoreRequest.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async Task<ArchiveAnswer> RestoreAsync(string bucket, string name, byte[] body, CancellationToken cancel)
    {
        if (!TryParse(body, out int days, out ArchiveSpeed speed))
        {
            return ArchiveAnswer.Malformed;
        }

        ArchivedObject? found = await FindAsync(bucket, name, cancel);
        return found switch
        {
            null => ArchiveAnswer.NoSuchKey,
            { IsArchived: false } => ArchiveAnswer.NothingToRestore,
            { IsDeep: true } when speed == ArchiveSpeed.Expedited => ArchiveAnswer.WrongSpeed,
            _ => Restore(bucket, name, found, speed, days),
        };
    }

    private static bool Holds((string Bucket, string Name) restore, string name) => restore.Name.Contains(name, StringComparison.Ordinal);

    private static bool TryParse(byte[] body, out int days, out ArchiveSpeed speed)
    {
        (days, speed) = (0, ArchiveSpeed.Standard);
        XElement? root;
        try
        {
            using var stream = new MemoryStream(body);
            root = XDocument.Load(stream).Root;
        }
        catch (XmlException)
        {
            return false;
        }

        string? asked = root?.Descendants().FirstOrDefault(static element => element.Name.LocalName == "Tier")?.Value;
        string? stay = root?.Elements().FirstOrDefault(static element => element.Name.LocalName == "Days")?.Value;
        return root?.Name.LocalName == "RestoreRequest" && (asked is null || Enum.TryParse(asked, out speed)) && int.TryParse(stay, out days) && days > 0;
    }

    private ArchiveAnswer Restore(string bucket, string name, ArchivedObject found, ArchiveSpeed speed, int days)
    {
        lock (_lock)
        {
            switch (RestoreOf(bucket, name, found))
            {
                case { Until: not null } readable:
                    _restores[(bucket, name)] = readable.ReadableFor(days, _time.GetUtcNow());
                    return new ArchiveAnswer(200);
                case { } ongoing when speed <= ongoing.Speed:
                    return ArchiveAnswer.InProgress;
                default:
                    _restores[(bucket, name)] = new ArchiveRestore(found.Version, speed, days, Until: null);
                    return new ArchiveAnswer(202);
            }
        }
    }

    private ArchiveRestore? RestoreOf(string bucket, string name, ArchivedObject found)
    {
        lock (_lock)
        {
            ArchiveRestore? restore = _restores.GetValueOrDefault((bucket, name));
            return restore?.Version == found.Version ? restore : null;
        }
    }

    private async Task<ArchivedObject?> FindAsync(string bucket, string name, CancellationToken cancel)
    {
        try
        {
            GetObjectMetadataResponse found = await _view.GetObjectMetadataAsync(bucket, name, cancel);
            string storageClass = string.IsNullOrEmpty(found.StorageClass?.Value) ? "STANDARD" : found.StorageClass.Value;
            return new ArchivedObject(storageClass, $"{storageClass} {found.ETag} {found.LastModified:O}");
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
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
        using var connection = new ArchiveConnection(this, client);
        await connection.ServeAsync(_closing.Token);
    }
}
