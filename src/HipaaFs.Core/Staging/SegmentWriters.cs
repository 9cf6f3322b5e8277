using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Staging;

/// <summary>Begins and finishes the segments of a session: file, row and place in staging agree at every step.</summary>
/// <remarks>Thread-safe; each writer belongs to one caller.</remarks>
internal sealed class SegmentWriters
{
    private readonly StagingArea _staging;
    private readonly IMetadataStore _metadata;
    private readonly KeyRing _ring;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly Action<StagedSegment> _finished;

    internal SegmentWriters(
        StagingArea staging, IMetadataStore metadata, KeyRing ring, SessionClock clock, TimeProvider time, Action<StagedSegment> finished)
    {
        _staging = staging;
        _metadata = metadata;
        _ring = ring;
        _clock = clock;
        _time = time;
        _finished = finished;
    }

    /// <summary>How staging's disk fails; null when it does not need to.</summary>
    internal DiskFault? Fault { get; init; }

    /// <summary>Begins a segment of a key domain and a placement. Its file exists, its row does not yet (<see cref="RegisterAsync"/>).</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    internal SegmentWriter Begin(DomainId domain, uint placement, RecordClass recordClass, int mostFrames = SegmentWriter.MaxFrames)
    {
        var header = new SegmentHeader(SegmentId.NewRandom(), _ring.CurrentEpoch(domain), recordClass);
        SafeFileHandle file = DurableFile.CreatePrivate(_staging.PathOf(header.Segment));
        var row = new SegmentRow
        {
            Id = header.Segment,
            Epoch = header.Epoch,
            Domain = domain,
            Class = recordClass,
            Placement = placement,
            State = SegmentState.Staged,
            Created = _clock.Now,
            Changed = _clock.Now,
        };
        _staging.Add(row, _time.GetUtcNow(), 0);
        return new SegmentWriter(header, _ring.OpenSegment(header), file, Fault) { MostFrames = mostFrames };
    }

    /// <summary>Adds a segment's row, once its first frames are durable and before anything refers to them.</summary>
    internal async ValueTask<MetadataError> RegisterAsync(SegmentWriter writer, CancellationToken cancel)
    {
        if (!_staging.TryGet(writer.Id, out StagedSegment? staged))
        {
            return MetadataError.NotFound;
        }

        MetadataResult<Applied> added = await _metadata.AddSegmentAsync(_clock.NextOperation(), staged.Row, cancel);
        return added.Error;
    }

    /// <summary>Finishes a segment and hands it to the uploader. The writer is disposed.</summary>
    /// <exception cref="IOException">The disk failed; the segment stays unfinished.</exception>
    internal async ValueTask<MetadataError> FinishAsync(SegmentWriter writer, CancellationToken cancel)
    {
        long before = writer.WrittenLength;
        long length;
        using (writer)
        {
            length = writer.Finish();
        }

        if (!_staging.TryGet(writer.Id, out StagedSegment? staged))
        {
            return MetadataError.NotFound;
        }

        _staging.Grow(writer.Id, length - before);
        SegmentRow row = staged.Row with { PlaintextLength = writer.PlaintextLength, ObjectLength = length, Changed = _clock.Now };
        MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(_clock.NextOperation(), row, cancel);
        if (updated.Succeeded)
        {
            _finished(staged with { Row = row, Sha256 = writer.Sha256 });
        }

        return updated.Error;
    }

    /// <summary>Gives up a segment before it is finished. One that nothing refers to is deleted; another stays readable and is stranded until it is repacked.</summary>
    internal void GiveUp(OpenSegment segment)
    {
        SegmentId id = segment.Writer.Id;
        segment.Writer.Dispose();
        if (segment.IsRegistered)
        {
            _staging.Strand(id);
            return;
        }

        _staging.Remove(id);
        try
        {
            File.Delete(_staging.PathOf(id));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A disk that turned read-only. Nothing refers to the file; recovery removes it.
        }
    }
}
