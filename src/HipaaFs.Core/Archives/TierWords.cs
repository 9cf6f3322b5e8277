using System.Text;
using HipaaFs.Storage;

namespace HipaaFs.Archives;

/// <summary>How attributes of files call tiers and states.</summary>
internal static class TierWords
{
    /// <summary>The word for a tier.</summary>
    internal static string Of(StorageTier tier) => tier switch
    {
        StorageTier.Cool => "cool",
        StorageTier.Cold => "cold",
        StorageTier.Archive => "archive",
        _ => "hot",
    };

    /// <summary>The word for a state.</summary>
    internal static string Of(ArchiveState state) => state switch
    {
        ArchiveState.Archived => "archived",
        ArchiveState.Recalling => "recalling",
        ArchiveState.Recalled => "recalled",
        ArchiveState.Missing => "missing",
        _ => "online",
    };

    /// <summary>The tier of a word, which may end with a line feed; null when there is none.</summary>
    internal static StorageTier? TryRead(ReadOnlySpan<byte> word)
    {
        string text = Encoding.UTF8.GetString(word.TrimEnd((byte)'\n'));
        foreach (StorageTier tier in Enum.GetValues<StorageTier>())
        {
            if (text == Of(tier))
            {
                return tier;
            }
        }

        return null;
    }
}
