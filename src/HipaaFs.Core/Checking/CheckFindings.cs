using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>What a check has found so far, and the rows that put it right.</summary>
internal sealed class CheckFindings
{
    private readonly List<CheckFinding> _found = [];
    private readonly List<RowChange> _repairs = [];
    private readonly bool _repair;

    internal CheckFindings(bool repair) => _repair = repair;

    /// <summary>Whether what can be repaired shall be.</summary>
    internal bool MayRepair => _repair;

    /// <summary>The findings, in the order in which they were made.</summary>
    internal IReadOnlyList<CheckFinding> All => _found;

    /// <summary>Rows to be written; empty unless repairs are wanted.</summary>
    internal IReadOnlyList<RowChange> Repairs => _repairs;

    /// <summary>Notes something that cannot be put right here.</summary>
    internal void Add(CheckKind kind, string subject) => _found.Add(new CheckFinding(kind, subject, Repaired: false));

    /// <summary>Notes something that a row puts right.</summary>
    internal void Add(CheckKind kind, string subject, RowChange repair)
    {
        if (_repair)
        {
            _repairs.Add(repair);
        }

        _found.Add(new CheckFinding(kind, subject, _repair));
    }

    /// <summary>Notes something that was put right already, if repairs are wanted.</summary>
    internal void AddSettled(CheckKind kind, string subject) => _found.Add(new CheckFinding(kind, subject, _repair));
}
