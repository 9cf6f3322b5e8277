namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A past row of the extent table.</summary>
internal readonly record struct PastExtentRow(ExtentRow Row, ulong Died);
