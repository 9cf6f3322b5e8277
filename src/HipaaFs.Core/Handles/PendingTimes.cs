using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>Times of an inode that are ahead of its row; null where the row's is right.</summary>
/// <param name="Access">Access time.</param>
/// <param name="Modify">Modification time.</param>
/// <param name="Change">Change time.</param>
internal readonly record struct PendingTimes(Timestamp? Access, Timestamp? Modify, Timestamp? Change)
{
    /// <summary>Whether the row is right in all three.</summary>
    internal bool IsEmpty => Access is null && Modify is null && Change is null;

    /// <summary>These times where they say something, else the older ones.</summary>
    internal PendingTimes Over(PendingTimes older) => new(Access ?? older.Access, Modify ?? older.Modify, Change ?? older.Change);
}
