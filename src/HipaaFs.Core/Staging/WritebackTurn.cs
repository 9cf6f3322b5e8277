using HipaaFs.Handles;

namespace HipaaFs.Staging;

/// <summary>A file's turn in a pass of writeback.</summary>
/// <param name="File">The file.</param>
internal sealed record WritebackTurn(FileState File)
{
    /// <summary>Who waits for it, in no order.</summary>
    internal List<TaskCompletionSource<FsError>> Waiting { get; init; } = [];

    /// <summary>Whether only memory matters: the growing end of the file may stay. Whoever waits, and age, want all of it.</summary>
    internal bool MayKeepEnd { get; set; }
}
