namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a setting. Its key: the setting's name.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Key">The name.</param>
/// <param name="Value">The value.</param>
public sealed record SettingChange(ChangeKind Kind, string Key, ReadOnlyMemory<byte> Value) : RowChange(Kind);
