namespace HipaaFs.Metadata;

/// <summary>A change that is asked of a metadata store.</summary>
/// <remarks>A request, and every memory it refers to, must not change after it was handed to a store.</remarks>
public abstract record MetadataRequest
{
    /// <summary>Makes a repeat recognisable. Default: never repeated.</summary>
    public OperationId Operation { get; init; }

    /// <summary>The time of the request; what POSIX says "is marked for update" becomes this.</summary>
    public Timestamp Now { get; init; }
}
