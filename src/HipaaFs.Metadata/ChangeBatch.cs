namespace HipaaFs.Metadata;

/// <summary>Changes of one commit, or a part of a dump, in the encoding of <see cref="Changes.ChangeCodec"/>.</summary>
/// <param name="First">The first operation in it; in a dump the commit it shows.</param>
/// <param name="Last">The last operation in it; in a dump the commit it shows.</param>
/// <param name="Encoded">The encoded rows.</param>
public readonly record struct ChangeBatch(CommitSequence First, CommitSequence Last, ReadOnlyMemory<byte> Encoded);
