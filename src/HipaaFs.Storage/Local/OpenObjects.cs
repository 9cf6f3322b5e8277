namespace HipaaFs.Storage.Local;

/// <summary>The objects held open for reading, the least recently used closed first. Thread-safe.</summary>
/// <remarks>An object that is dropped while it is borrowed closes when the last borrower returns it.</remarks>
internal sealed class OpenObjects : IDisposable
{
    private readonly Lock _lock = new();
    private readonly int _capacity;
    private readonly Dictionary<ObjectKey, OpenObject> _byKey = []; // Guarded by _lock.
    private readonly LinkedList<OpenObject> _byUse = new(); // Newest first. Guarded by _lock.
    private bool _closed; // Guarded by _lock.

    public OpenObjects(int capacity) => _capacity = capacity;

    /// <summary>How many objects are held open, borrowed ones that were dropped excepted.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byKey.Count;
            }
        }
    }

    /// <summary>Borrows an object that is open in this version. Returns null when it is not; one of another version is dropped.</summary>
    public OpenObject? Borrow(ObjectKey key, FileVersion current)
    {
        lock (_lock)
        {
            if (!_byKey.TryGetValue(key, out OpenObject? found))
            {
                return null;
            }

            if (found.Version != current)
            {
                Remove(found);
                return null;
            }

            _byUse.Remove(found.Place!);
            _byUse.AddFirst(found.Place!);
            found.Users++;
            return found;
        }
    }

    /// <summary>Takes over a newly opened object, borrowed by the caller. It replaces one that another caller opened meanwhile.</summary>
    public void Add(OpenObject opened)
    {
        lock (_lock)
        {
            opened.Users++;
            if (_closed)
            {
                opened.Dropped = true;
                return;
            }

            if (_byKey.TryGetValue(opened.Key, out OpenObject? former))
            {
                Remove(former);
            }

            if (_byKey.Count >= _capacity)
            {
                Remove(_byUse.Last!.Value);
            }

            _byKey.Add(opened.Key, opened);
            opened.Place = _byUse.AddFirst(opened);
        }
    }

    /// <summary>Ends a borrowing.</summary>
    public void Return(OpenObject borrowed)
    {
        lock (_lock)
        {
            borrowed.Users--;
            if (borrowed is { Dropped: true, Users: 0 })
            {
                borrowed.File.Dispose();
            }
        }
    }

    /// <summary>Closes an object that is about to be replaced or was deleted.</summary>
    public void Drop(ObjectKey key)
    {
        lock (_lock)
        {
            if (_byKey.TryGetValue(key, out OpenObject? found))
            {
                Remove(found);
            }
        }
    }

    /// <summary>Closes everything that is not borrowed, the rest when it is returned.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            while (_byUse.First is { } first)
            {
                Remove(first.Value);
            }
        }
    }

    private void Remove(OpenObject opened)
    {
        _byKey.Remove(opened.Key);
        _byUse.Remove(opened.Place!);
        opened.Dropped = true;
        if (opened.Users == 0)
        {
            opened.File.Dispose();
        }
    }
}
