using System.IO.Enumeration;

namespace HipaaFs.FaultFs.Faults;

/// <summary>Makes the n-th operation of a kind on the files of a pattern fail, once or from then on.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Pattern">What the path, from the root, must match; * stands for any text, slashes included.</param>
/// <param name="Number">Which one fails first; 1 is the next.</param>
/// <param name="Errno">What the caller gets.</param>
/// <param name="Lasting">Whether all later ones fail too.</param>
public sealed record FaultRule(FaultKind Kind, string Pattern, int Number, int Errno, bool Lasting)
{
    /// <summary>A removal of a file of this pattern ends the rule, as room on a disk does; null: none.</summary>
    public string? EndedByRemovalOf { get; init; }

    /// <summary>Whether the rule speaks of this operation.</summary>
    public bool Concerns(FaultKind kind, string path) =>
        (kind == Kind || (Kind == FaultKind.Change && kind != FaultKind.Read)) && FileSystemName.MatchesSimpleExpression(Pattern, path, ignoreCase: false);

    /// <summary>Whether the removal of a path ends the rule.</summary>
    public bool EndsWith(string path) =>
        EndedByRemovalOf is not null && FileSystemName.MatchesSimpleExpression(EndedByRemovalOf, path, ignoreCase: false);
}
