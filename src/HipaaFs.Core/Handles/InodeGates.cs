using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>Orders opening an inode against removing its last name, so that nobody opens what has just been deleted.</summary>
/// <remarks>A fixed number of gates shared by all inodes. An operation passes at most one of them.</remarks>
internal sealed class InodeGates
{
    private const int Count = 256;

    private readonly SemaphoreSlim[] _gates = CreateGates();

    /// <summary>Waits for an inode's gate; the caller releases it.</summary>
    internal async ValueTask<SemaphoreSlim> EnterAsync(InodeId inode, CancellationToken interrupted)
    {
        SemaphoreSlim gate = _gates[inode.Value % Count];
        await gate.WaitAsync(interrupted);
        return gate;
    }

    private static SemaphoreSlim[] CreateGates()
    {
        var gates = new SemaphoreSlim[Count];
        for (int i = 0; i < Count; i++)
        {
            gates[i] = new SemaphoreSlim(1, 1);
        }

        return gates;
    }
}
