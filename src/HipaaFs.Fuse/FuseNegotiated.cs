namespace HipaaFs.Fuse;

/// <summary>What INIT agreed on.</summary>
public sealed record FuseNegotiated
{
    /// <summary>Protocol minor version in use (major is 7): the smaller of the kernel's and this library's.</summary>
    public required int Minor { get; init; }

    /// <summary>Protocol minor version the kernel announced.</summary>
    public required int KernelMinor { get; init; }

    /// <summary>All the kernel offered, asked for or not.</summary>
    public required FuseCapabilities Offered { get; init; }

    /// <summary>What is in force: asked for and offered.</summary>
    public required FuseCapabilities Capabilities { get; init; }

    /// <summary>Largest READ and WRITE in bytes.</summary>
    public required int MaxRequestBytes { get; init; }

    /// <summary>Read-ahead in bytes the kernel was told.</summary>
    public required int MaxReadaheadBytes { get; init; }

    /// <summary>Background requests (read-ahead, write-back, asynchronous I/O) the kernel keeps in flight.</summary>
    public required int MaxBackground { get; init; }

    /// <summary>Whether all of <paramref name="capabilities"/> are in force.</summary>
    public bool Has(FuseCapabilities capabilities) => (Capabilities & capabilities) == capabilities;
}
