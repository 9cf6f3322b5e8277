namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A live row of the settings table.</summary>
internal readonly record struct SettingRow(string Key, ReadOnlyMemory<byte> Value);
