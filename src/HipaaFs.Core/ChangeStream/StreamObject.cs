namespace HipaaFs.ChangeStream;

/// <summary>One opened object of the change stream.</summary>
/// <param name="Hash">SHA-256 of the stored object, which its successor names.</param>
/// <param name="Preamble">Its first bytes.</param>
/// <param name="Batches">The encoded change batches.</param>
internal sealed record StreamObject(byte[] Hash, StreamPreamble Preamble, IReadOnlyList<ReadOnlyMemory<byte>> Batches);
