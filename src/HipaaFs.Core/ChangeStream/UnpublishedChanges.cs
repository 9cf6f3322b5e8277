using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.ChangeStream;

/// <summary>Whether something that users did is recorded on this machine and not published from it.</summary>
internal static class UnpublishedChanges
{
    /// <summary>Reads the recorded changes up to the first that counts. What the volume notes about itself (sessions, segments, settings) does not.</summary>
    /// <exception cref="IOException">The changes cannot be read.</exception>
    public static async Task<bool> AnyAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> setting = await metadata.GetSettingAsync(PublishedPoint.Setting, cancel);
        PublishedPoint? point = setting.Succeeded ? PublishedPoint.TryDecode(setting.Value.Span) : null;
        await foreach (ChangeBatch batch in metadata.ChangesSinceAsync(point?.Sequence ?? default, cancel))
        {
            if (!ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes) || changes.Any(IsOfUsers))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOfUsers(RowChange change) =>
        change is InodeChange or EntryChange or XattrChange or SymlinkChange or ExtentChange or SnapshotChange;
}
