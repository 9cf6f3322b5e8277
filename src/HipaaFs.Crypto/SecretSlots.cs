using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Many 256-bit keys in few locked pages, for each page counts against RLIMIT_MEMLOCK.</summary>
/// <remarks>Not thread-safe. Spans and memories stay valid until disposal.</remarks>
internal sealed class SecretSlots : IDisposable
{
    private const int SlotsPerPage = 4096 / KeyBox.KeySize;

    private readonly List<SecretMemory> _pages = [];
    private int _count;

    /// <summary>Takes an unused slot of 32 zero bytes.</summary>
    public Memory<byte> Add()
    {
        int slot = _count % SlotsPerPage;
        if (slot == 0)
        {
            _pages.Add(new SecretMemory(SlotsPerPage * KeyBox.KeySize));
        }

        _count++;
        return _pages[^1].Memory.Slice(slot * KeyBox.KeySize, KeyBox.KeySize);
    }

    public void Dispose()
    {
        foreach (SecretMemory page in _pages)
        {
            ((IDisposable)page).Dispose();
        }

        _pages.Clear();
    }
}
