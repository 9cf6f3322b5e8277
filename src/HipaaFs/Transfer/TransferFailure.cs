using System.Text.Json.Serialization;

namespace HipaaFs.Cli.Transfer;

/// <summary>A file that was not copied, or is not as a manifest says.</summary>
/// <param name="Path">The file, below its tree's root.</param>
/// <param name="Reason">Why.</param>
internal sealed record TransferFailure(string Path, string Reason)
{
    /// <summary>Whether it is a directory that could not be listed, so that nobody knows what is in it.</summary>
    [JsonIgnore]
    public bool HidesFiles { get; init; }
}
