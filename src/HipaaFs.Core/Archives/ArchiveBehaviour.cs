using System.Text.Json.Serialization;

namespace HipaaFs.Archives;

/// <summary>What becomes of requests for files of a placement whose data is archived.</summary>
public sealed record ArchiveBehaviour
{
    /// <summary>The usual: they fail.</summary>
    public static ArchiveBehaviour Default { get; } = new();

    /// <summary>What opening does.</summary>
    public OpenBehaviour OnOpen { get; init; }

    /// <summary>
    /// Bytes at the beginning of a file that stay where they were when it comes down to an archive by a step: it can be opened for reading then, and what opening would have done is done by the first access past
    /// them. 0 for none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long KeepHead { get; init; }

    /// <summary>Names, or paths if they begin with a slash, of programs that never cause a recall.</summary>
    public IReadOnlyList<string> BlockedPrograms { get; init => field = value ?? []; } = []; // A setting that does not say it reads as null.

    /// <summary>Whether another one says the same.</summary>
    public bool IsSameAs(ArchiveBehaviour other) => OnOpen == other.OnOpen && KeepHead == other.KeepHead && BlockedPrograms.SequenceEqual(other.BlockedPrograms);
}
