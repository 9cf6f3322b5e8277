namespace HipaaFs.Testing.Servers.Archives;

/// <summary>How urgently S3 is asked to restore, from the slowest; the names are S3's.</summary>
internal enum ArchiveSpeed
{
    Bulk,
    Standard,
    Expedited,
}
