namespace HipaaFs.Storage;

/// <summary>A local file handed over for upload. From then on nobody writes to it, ever: a store on the same file system may keep it by a hard link (<see cref="PutOptions.MayLink"/>).</summary>
/// <param name="Path">The file, already synced to its disk by the caller. It is read only; removing this name is the caller's business.</param>
/// <param name="Length">Its length in bytes, which must be the file's.</param>
public sealed record UploadSource(string Path, long Length)
{
    /// <summary>SHA-256 of the content, 32 bytes; empty when unknown. A store that copies compares it and answers <see cref="StoreError.Corrupt"/>.</summary>
    public ReadOnlyMemory<byte> Sha256 { get; init; }

    /// <summary>MD5 of the content, 16 bytes, for stores whose protocol wants it; empty when unknown.</summary>
    public ReadOnlyMemory<byte> Md5 { get; init; }

    /// <summary>Whether nothing of it was ever sent to the store: what an earlier try may have left there, whole or in parts, is not looked for.</summary>
    public bool IsNew { get; init; }

    /// <summary>Shows the length alone: a path may tell too much for a log.</summary>
    public override string ToString() => $"UploadSource[{Length} bytes]";
}
