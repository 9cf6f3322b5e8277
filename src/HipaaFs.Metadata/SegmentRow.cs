using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>What the store keeps of a segment.</summary>
public readonly record struct SegmentRow
{
    /// <summary>The segment.</summary>
    public SegmentId Id { get; init; }

    /// <summary>Generation of the key it is sealed under.</summary>
    public EpochId Epoch { get; init; }

    /// <summary>Key domain of its data.</summary>
    public DomainId Domain { get; init; }

    /// <summary>What it holds.</summary>
    public RecordClass Class { get; init; }

    /// <summary>Where it is in its life.</summary>
    public SegmentState State { get; init; }

    /// <summary>Bytes of plaintext; 0 while it is being written.</summary>
    public long PlaintextLength { get; init; }

    /// <summary>Bytes of the object; 0 while it is being written.</summary>
    public long ObjectLength { get; init; }

    /// <summary>When it was begun.</summary>
    public Timestamp Created { get; init; }

    /// <summary>When it reached its state.</summary>
    public Timestamp Changed { get; init; }

    /// <summary>The commit that condemned it, or a later one when it was loaded from a stream; 0 while it is not. Told by the store, whatever a caller says.</summary>
    public CommitSequence Condemned { get; init; }

    /// <summary>Placement of its data, as the caller numbers placements.</summary>
    public uint Placement { get; init; }

    /// <summary>
    /// The stores in which its object is whole and verified, as a mask: bit n is store number n (<see cref="SegmentCopies"/>). A live segment has at least one, a staged
    /// one none, whatever a caller says; a condemned one keeps those that it had.
    /// </summary>
    public ulong Copies { get; init; }
}
