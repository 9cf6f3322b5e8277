using HipaaFs.Storage;

namespace HipaaFs.Recovery;

/// <summary>An object of the change stream that was read once and belongs to a chain.</summary>
/// <param name="Properties">Where it is.</param>
/// <param name="Hash">SHA-256 of what it held.</param>
internal readonly record struct ChainObject(ObjectProperties Properties, byte[] Hash);
