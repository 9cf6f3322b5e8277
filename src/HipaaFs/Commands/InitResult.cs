namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs init</c> made, and where.</summary>
/// <param name="Volume">Directory of the volume.</param>
/// <param name="VolumeId">Its identity.</param>
/// <param name="Store">URL of the store.</param>
/// <param name="Key">KEYREF of the key.</param>
/// <param name="KeyCreated">Whether the key file was made by this command.</param>
/// <param name="RecoveryKey">File of the recovery key; null when there is none.</param>
internal sealed record InitResult(string Volume, string VolumeId, string Store, string Key, bool KeyCreated, string? RecoveryKey);
