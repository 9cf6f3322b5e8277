namespace HipaaFs.Crypto;

/// <summary>What is known of a wrap before it is made.</summary>
internal readonly record struct RingWrapDescription(Guid Volume, uint Guard, long Created, string Label);
