namespace HipaaFs.Cache;

/// <summary>How far loading files into the cache is.</summary>
/// <param name="Files">Files that were looked at.</param>
/// <param name="Bytes">Bytes of their data that are in the cache now.</param>
/// <param name="TotalBytes">Bytes of the data of all of them.</param>
/// <param name="FailedFiles">Files of which something could not be loaded: it is in an archive, or its store does not answer.</param>
public sealed record WarmProgress(long Files, long Bytes, long TotalBytes, long FailedFiles);
