namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a row that snapshots may show.</summary>
public interface IVersionedChange
{
    /// <summary>Which snapshots show it.</summary>
    Lifetime Lifetime { get; }
}
