namespace HipaaFs.Staging;

/// <summary>Lets a test fail staging's disk: asked before every write (of a length) and sync (of length -1), it answers null to let it pass, or how many bytes are still taken.</summary>
internal delegate int? DiskFault(int length);
