using System.Globalization;
using HipaaFs.Cli.Configuration;

namespace HipaaFs.Cli.Policies;

/// <summary>How much may be stored.</summary>
/// <param name="Bytes">Bytes of the files; null for no limit.</param>
/// <param name="Files">Number of files and directories; null for no limit.</param>
internal sealed record QuotaLimit(long? Bytes, long? Files)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Join(", ", new[]
    {
        Bytes is { } bytes ? ByteSize.FormatExact(bytes) : null,
        Files is { } files ? string.Create(CultureInfo.InvariantCulture, $"{files} files") : null,
    }.OfType<string>());
}
