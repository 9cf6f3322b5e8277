using System.Buffers;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Segments;

namespace HipaaFs.Staging;

/// <summary>Copies runs of segments into new segments of one key domain, placement and class, in staging.</summary>
/// <remarks>Used by one caller at a time. What it holds is a chunk and what its writers hold; what is not finished when it is disposed is given up.</remarks>
internal sealed class SegmentCopy : IDisposable
{
    /// <summary>Bytes that are read at once.</summary>
    internal const int Chunk = 1 << 20;

    private readonly List<OpenSegment> _opened = [];
    private readonly SegmentReader _reader;
    private readonly SegmentWriters _writers;
    private readonly StagingArea _staging;
    private readonly DomainId _domain;
    private readonly uint _placement;
    private readonly RecordClass _class;

    internal SegmentCopy(SegmentReader reader, SegmentWriters writers, StagingArea staging, DomainId domain, uint placement, RecordClass recordClass)
    {
        _reader = reader;
        _writers = writers;
        _staging = staging;
        _domain = domain;
        _placement = placement;
        _class = recordClass;
    }

    /// <summary>Whether small runs share frames, for what is copied to save space.</summary>
    internal bool IsPacked { get; init; }

    /// <summary>Whether the new segments may be as large as those of an archive.</summary>
    internal bool IsForArchive { get; init; }

    /// <summary>What fetches the runs, when they may be far away.</summary>
    internal RunLoader? Loader { get; init; }

    /// <summary>The segments that are not finished yet.</summary>
    internal IReadOnlyList<OpenSegment> Opened => _opened;

    /// <summary>Copies a run and appends where it went. When it cannot be read, what was appended refers to the part that could.</summary>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    internal async ValueTask<FsError> CopyAsync(InodeId inode, Extent from, List<Extent> into, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            for (long done = 0; done < from.Length; done += Chunk)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(Chunk, from.Length - done));
                FsError loaded = Loader is null ? FsError.None : await Loader.LoadAsync(from.Segment, from.PlaintextOffset + done, part.Length, cancel);
                if (loaded is not (FsError.None or FsError.NoSpace))
                {
                    return loaded;
                }

                // What the cache has no space for is read past it.
                FsError read = await _reader.ReadAsync(from.Segment, from.PlaintextOffset + done, part, inode, reach: 0, cancel);
                if (read != FsError.None)
                {
                    return read;
                }

                Write(inode, from.FileOffset + done, part.Span, into);
            }

            return FsError.None;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Makes what was copied durable, then known to the metadata; only after that may a row refer to it.</summary>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    internal async ValueTask<bool> MakeReferableAsync()
    {
        foreach (OpenSegment segment in _opened)
        {
            segment.Writer.Flush();
            segment.Writer.Sync();
            _staging.Grow(segment.Writer.Id, segment.Writer.WrittenLength - segment.CountedLength);
            segment.CountedLength = segment.Writer.WrittenLength;
        }

        return await RegisterAsync();
    }

    /// <summary>Adds the rows of the segments; nothing may refer to them before they are durable.</summary>
    /// <exception cref="IOException">Staging's disk does not keep their names.</exception>
    internal async ValueTask<bool> RegisterAsync()
    {
        foreach (OpenSegment segment in _opened.Where(static segment => !segment.IsRegistered))
        {
            DurableFile.SyncDirectory(_staging.Directory);
            if (await _writers.RegisterAsync(segment.Writer, CancellationToken.None) != MetadataError.None)
            {
                return false;
            }

            segment.IsRegistered = true;
        }

        return true;
    }

    /// <summary>Finishes all segments and hands them to the uploader.</summary>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    internal async ValueTask<bool> FinishAsync(CancellationToken cancel)
    {
        while (_opened.Count > 0)
        {
            OpenSegment segment = _opened[^1];
            MetadataError error = await _writers.FinishAsync(segment.Writer, cancel);
            if (error != MetadataError.None)
            {
                return false;
            }

            _opened.Remove(segment);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OpenSegment unfinished in _opened)
        {
            _writers.GiveUp(unfinished);
        }

        _opened.Clear();
    }

    private OpenSegment Begin() => new(_writers.Begin(_domain, _placement, _class, IsForArchive ? SegmentWriter.MaxArchiveFrames : SegmentWriter.MaxFrames), 0);

    private void Write(InodeId inode, long fileOffset, ReadOnlySpan<byte> content, List<Extent> into)
    {
        while (!content.IsEmpty)
        {
            if (_opened.Count == 0)
            {
                _opened.Add(Begin());
            }

            SegmentWriter writer = _opened[^1].Writer;
            int length = (int)writer.BeginRun(inode.Value, fileOffset, content.Length, IsPacked);
            if (length == 0)
            {
                _opened.Add(Begin());
                continue;
            }

            writer.Write(content[..length]);
            into.Add(writer.EndRun());
            content = content[length..];
            fileOffset += length;
        }
    }
}
