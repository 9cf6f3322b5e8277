namespace HipaaFs.Storage.S3;

/// <summary>One part of a multipart upload.</summary>
/// <param name="UploadId">The upload, as the server named it.</param>
/// <param name="Number">The part's number, from 1.</param>
internal readonly record struct S3Part(string UploadId, int Number);
