namespace HipaaFs.Storage.S3;

/// <summary>What a server says of an object that it took.</summary>
/// <param name="Tag">The object's version.</param>
/// <param name="IsProven">Whether it named a checksum of what it took, and that is the right one. Not every server looks at the checksums it is sent.</param>
internal readonly record struct S3Taken(EntityTag Tag, bool IsProven);
