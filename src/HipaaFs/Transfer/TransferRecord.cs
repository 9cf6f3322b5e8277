using System.Text.Json.Serialization;

namespace HipaaFs.Cli.Transfer;

/// <summary>That a file was copied: what a later run compares with what it finds.</summary>
/// <param name="File">Which file: a keyed hash of its path in the source, see <see cref="TransferJournal.HashOf"/>.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Version">Its state in the source.</param>
/// <param name="Sha256">SHA-256 of its content, in hexadecimal.</param>
internal sealed record TransferRecord(string? File, long Length, string Version, string Sha256)
{
    /// <summary>The path itself, as journals of the first layout had it; read, and never written.</summary>
    [JsonPropertyName("path")]
    public string? FormerPath { get; init; }
}
