using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to delete the row of a condemned segment.</summary>
internal sealed record ForgetSegmentRequest(SegmentId Segment) : MetadataRequest;
