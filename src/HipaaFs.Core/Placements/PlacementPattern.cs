using System.Text.Json;
using System.Text.Json.Serialization;
using HipaaFs.Names;

namespace HipaaFs.Placements;

/// <summary>Where files go whose names match, instead of where their directory's placement says.</summary>
/// <remarks>It decides when a file is made, and when a placement is assigned to the directory; a rename changes nothing. Thread-safe.</remarks>
public sealed record PlacementPattern
{
    private IReadOnlyList<NamePattern>? _parsed;

    /// <summary>The patterns (<see cref="NamePattern"/>); one that matches is enough.</summary>
    public required IReadOnlyList<string> Match { get; init; }

    /// <summary>Number of the placement.</summary>
    public required uint Placement { get; init; }

    /// <summary>Whether one of the patterns matches a whole name.</summary>
    internal bool Matches(ReadOnlySpan<byte> name)
    {
        foreach (NamePattern pattern in Parsed)
        {
            if (pattern.Matches(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is wrong with it; null when nothing is.</summary>
    /// <param name="placements">How many placements the volume has: their numbers are below it.</param>
    internal string? FindProblem(int placements) =>
        Placement >= placements ? $"a pattern names placement {Placement}, which is not defined"
        : Match.Any(static text => NamePattern.TryParse(text, out _) is not null) ? "a pattern cannot be read"
        : null;

    /// <summary>Patterns as settings keep them; null for none.</summary>
    internal static byte[]? Seal(IReadOnlyList<PlacementPattern> patterns, VolumeNames names) => patterns.Count == 0
        ? null
        : SealedSetting.Seal(Label, patterns, PlacementContext.Default.IReadOnlyListPlacementPattern, names);

    /// <summary>Opens what <see cref="Seal"/> sealed. Null when it is not authentic.</summary>
    /// <exception cref="JsonException">It makes no sense.</exception>
    internal static IReadOnlyList<PlacementPattern>? TryOpen(byte[]? sealedPatterns, VolumeNames names) =>
        sealedPatterns is null ? [] : SealedSetting.TryOpen(Label, sealedPatterns, PlacementContext.Default.IReadOnlyListPlacementPattern, names);

    // No attribute of a file can be called this.
    private static ReadOnlySpan<byte> Label => "hipaafs placement patterns"u8;

    private IReadOnlyList<NamePattern> Parsed => _parsed ??= [.. Match.Select(static text => NamePattern.TryParse(text, out NamePattern pattern) is null ? pattern : throw new InvalidOperationException("a pattern that was not checked"))];
}
