using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Names;

namespace HipaaFs.Volumes;

/// <summary>The setting that keeps the text of the policy that was applied last, sealed: the paths in it are nobody's business.</summary>
internal static class PolicySetting
{
    private const string Name = "policy";

    // No attribute of a file can be called this.
    private static ReadOnlySpan<byte> Label => "hipaafs policy"u8;

    /// <summary>The text; null when no policy was applied.</summary>
    /// <exception cref="IOException">It cannot be read, or is not authentic.</exception>
    public static async Task<byte[]?> ReadAsync(IMetadataStore metadata, VolumeNames names, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> read = await metadata.GetSettingAsync(Name, cancel);
        if (read.Error == MetadataError.NotFound)
        {
            return null;
        }

        return !read.Succeeded
            ? throw new IOException($"read the policy of the volume: {read.Error}")
            : names.TryOpenXattrValue(DomainId.Root, InodeId.Root, Label, new SealedXattr(default, default, read.Value))
                ?? throw new IOException("read the policy of the volume: it is not authentic");
    }

    /// <summary>Keeps a text. Durable on return.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static async Task WriteAsync(IMetadataStore metadata, VolumeNames names, OperationId operation, ReadOnlyMemory<byte> text, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> content = names.SealXattr(DomainId.Root, InodeId.Root, Label, text.Span).SealedValue;
        MetadataResult<Applied> written = await metadata.SetSettingAsync(operation, Name, content, cancel);
        MetadataResult<CommitSequence> durable = written.Succeeded ? await metadata.MakeDurableAsync(metadata.Applied, cancel) : written.Error;
        if (!durable.Succeeded)
        {
            throw new IOException($"write the policy of the volume: {durable.Error}");
        }
    }
}
