namespace HipaaFs.Crypto;

/// <summary>A wrap as it stands in the ring.</summary>
internal sealed record RingWrap(WrapId Id, long Created, string Label, WrappedKey Key);
