namespace HipaaFs.Metadata.Changes;

/// <summary>One change of one row, in no engine's terms. In a tombstone only the members of the row's key count.</summary>
/// <param name="Kind">What happened.</param>
public abstract record RowChange(ChangeKind Kind);
