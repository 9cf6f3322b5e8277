using HipaaFs.Archives;
using HipaaFs.ReadAhead;

namespace HipaaFs.Handles;

/// <summary>One open of a file.</summary>
/// <param name="Id">What the kernel calls it.</param>
/// <param name="File">The open inode, one reference held.</param>
/// <param name="Flags">How it was opened.</param>
/// <param name="Streams">What the reader's pattern tells.</param>
internal sealed record OpenFile(HandleId Id, FileState File, OpenFlags Flags, ReadStreams Streams)
{
    private volatile ArchivedTail _tail = ArchivedTail.None;

    /// <summary>The part that is out of reach. It is not read, nor read ahead, before it has been asked for.</summary>
    internal ArchivedTail Tail
    {
        get => _tail;
        set => _tail = value;
    }

    /// <summary>Whether it is noted when the handle is closed that the file was read until then.</summary>
    internal bool NotesRead { get; set; }
}
