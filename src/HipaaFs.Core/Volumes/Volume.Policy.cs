using HipaaFs.Metadata;

namespace HipaaFs.Volumes;

// The policy that was applied last.
public sealed partial class Volume
{
    /// <summary>The longest policy that is kept, in bytes: a change of metadata is written as a whole.</summary>
    public const int MostPolicyBytes = 1 << 20;

    /// <summary>The text of the policy that was applied last; null when none was.</summary>
    /// <exception cref="IOException">It cannot be read, or is not authentic.</exception>
    public Task<byte[]?> ReadPolicyAsync(CancellationToken cancel) => PolicySetting.ReadAsync(_parts.Metadata, _parts.Names, cancel);

    /// <summary>Keeps the text of a policy, sealed: the paths in it are nobody's business. Durable on return.</summary>
    /// <exception cref="ArgumentException">It is longer than <see cref="MostPolicyBytes"/>.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public async Task WritePolicyAsync(ReadOnlyMemory<byte> text, CancellationToken cancel)
    {
        _ = Writing;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, MostPolicyBytes);
        await PolicySetting.WriteAsync(_parts.Metadata, _parts.Names, _parts.Clock.NextOperation(), text, cancel);
    }

    /// <summary>Gives a store the name and the region that a policy has for it.</summary>
    /// <exception cref="VolumeException">There is no such store, or another one has the name.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public Task NameStoreAsync(int number, string name, string region, CancellationToken cancel) => Writing.Registration.NameAsync(number, name, region, cancel);

    /// <summary>Has what stores lack be copied now, as far as they take it.</summary>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public void WakeReplication() => Writing.Replicator.Wake();

    /// <summary>What the stores hold of the segments of each placement, counted now.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<CopyTotals> SumCopiesAsync(CancellationToken cancel)
    {
        MetadataResult<CopyTotals> totals = await _parts.Metadata.SumCopiesAsync(cancel);
        return totals.Succeeded ? totals.Value : throw new IOException($"count what stores have: {totals.Error}");
    }
}
