using System.Globalization;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;

namespace HipaaFs.Archives;

/// <summary>The recalls of a volume in its settings, so that the next session knows them. What the store says of an object is right all the same.</summary>
/// <remarks>In <see cref="Count"/> settings by the first byte of the segment's id, since each is written as a whole. They hold no names.</remarks>
internal static class RecallSettings
{
    /// <summary>How many settings there are.</summary>
    internal const int Count = 16;

    /// <summary>Which of them has a segment.</summary>
    internal static int IndexOf(SegmentId segment)
    {
        Span<byte> id = stackalloc byte[SegmentId.Size];
        segment.Write(id);
        return id[0] % Count;
    }

    /// <summary>Reads all of them. What makes no sense or cannot be read is left out: who needs the data asks again.</summary>
    internal static async Task ReadAsync(IMetadataStore metadata, RecallTable into, CancellationToken cancel)
    {
        for (int index = 0; index < Count; index++)
        {
            MetadataResult<ReadOnlyMemory<byte>> content = await metadata.GetSettingAsync(KeyOf(index), cancel);
            for (int offset = 0; content.Succeeded && offset + Recall.Size <= content.Value.Length; offset += Recall.Size)
            {
                if (Recall.TryRead(content.Value.Span.Slice(offset, Recall.Size)) is { } recall)
                {
                    into.TrySet(recall);
                }
            }
        }
    }

    /// <summary>Writes one of them anew. Durable with the next commit. False when the metadata did not take it.</summary>
    internal static async Task<bool> WriteAsync(IMetadataStore metadata, SessionClock clock, int index, Recall[] those, CancellationToken cancel)
    {
        byte[] content = new byte[those.Length * Recall.Size];
        for (int i = 0; i < those.Length; i++)
        {
            those[i].Write(content.AsSpan(i * Recall.Size));
        }

        return (await metadata.SetSettingAsync(clock.NextOperation(), KeyOf(index), those.Length == 0 ? null : content, cancel)).Succeeded;
    }

    private static string KeyOf(int index) => string.Create(CultureInfo.InvariantCulture, $"recall.{index}");
}
