namespace HipaaFs.Crypto;

/// <summary>One wrap of a ring as it is shown to an administrator.</summary>
/// <param name="Id">Names the wrap.</param>
/// <param name="Guard">Number of the guard it opens; 0 is the volume's.</param>
/// <param name="Kind">The provider: <c>file</c>, <c>passphrase</c>.</param>
/// <param name="Label">What the administrator called it. Not secret.</param>
/// <param name="Created">When it was made.</param>
public sealed record KeyRingWrap(WrapId Id, uint Guard, string Kind, string Label, DateTimeOffset Created);
