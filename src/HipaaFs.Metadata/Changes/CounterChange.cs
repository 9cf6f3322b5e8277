namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a counter. Its key: the counter's number.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Counter">The counter.</param>
/// <param name="Value">The value.</param>
public sealed record CounterChange(ChangeKind Kind, VolumeCounter Counter, ulong Value) : RowChange(Kind);
