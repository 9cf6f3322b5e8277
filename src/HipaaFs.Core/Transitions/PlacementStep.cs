namespace HipaaFs.Transitions;

/// <summary>A step down that the files of a placement take when they are old enough.</summary>
public sealed record PlacementStep
{
    /// <summary>The age at which it is due: time since the file was made here, and since its content was written last.</summary>
    public required TimeSpan After { get; init; }

    /// <summary>Smaller files, in bytes, stay; 0 for none.</summary>
    public long LeastBytes { get; init; }

    /// <summary>Number of the placement that it leads to, which has the later steps itself.</summary>
    public required uint Placement { get; init; }
}
