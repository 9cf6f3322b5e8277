namespace HipaaFs.Metadata.Sqlite;

/// <summary>What came of opening a metadata database.</summary>
/// <param name="Store">The store, which the caller disposes; null when there is an error.</param>
/// <param name="Error">Why there is none.</param>
/// <param name="Detail">What the database said, for a person; empty without an error.</param>
public readonly record struct SqliteOpenResult(SqliteMetadataStore? Store, SqliteOpenError Error, string Detail);
