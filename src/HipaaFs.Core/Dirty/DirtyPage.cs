namespace HipaaFs.Dirty;

/// <summary>Written bytes of one frame-sized, frame-aligned piece of a file that are not in a segment yet.</summary>
/// <param name="Buffer">The bytes; only those in <paramref name="Held"/> mean anything.</param>
/// <param name="Held">Which bytes were written.</param>
internal sealed record DirtyPage(PageBuffer Buffer, ByteIntervals Held)
{
    /// <summary>Whether every byte was written.</summary>
    internal bool IsFull => Held.Items.Length == 1 && Held.Items[0] == (0, PagePool.PageSize);
}
