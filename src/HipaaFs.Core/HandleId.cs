namespace HipaaFs;

/// <summary>One open of a file or directory, as given to the kernel ("fh"). Never reused while a volume is open.</summary>
/// <param name="Value">The number, 0 is never given out.</param>
public readonly record struct HandleId(ulong Value);
