using System.Text.Json.Serialization;

namespace HipaaFs.Transitions;

/// <summary>A step down that the files of a placement take when they are old enough.</summary>
public sealed record PlacementStep
{
    /// <summary>The age at which it is due: time since the file was made here, and since its content was written last, or read.</summary>
    public required TimeSpan After { get; init; }

    /// <summary>Whether a file that is read stays: its age is the time since it was used last, be it by reading.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CountsReads { get; init; }

    /// <summary>Smaller files, in bytes, stay; 0 for none.</summary>
    public long LeastBytes { get; init; }

    /// <summary>Number of the placement that it leads to, which has the later steps itself.</summary>
    public required uint Placement { get; init; }
}
