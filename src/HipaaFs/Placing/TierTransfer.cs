namespace HipaaFs.Cli.Placing;

/// <summary>What one tier of a store gets, sends and gives back, in bytes and requests.</summary>
internal readonly record struct TierTransfer
{
    /// <summary>Bytes that come to it.</summary>
    public long Gets { get; init; }

    /// <summary>Bytes that are deleted from it in the end.</summary>
    public long GivesBack { get; init; }

    /// <summary>Requests that delete them.</summary>
    public long Deletes { get; init; }

    /// <summary>Bytes that are read from it.</summary>
    public long Sends { get; init; }

    /// <summary>Requests that bring them back from an archive before.</summary>
    public long Restores { get; init; }

    /// <summary>Both together.</summary>
    public static TierTransfer operator +(TierTransfer left, TierTransfer right) => new()
    {
        Gets = left.Gets + right.Gets,
        GivesBack = left.GivesBack + right.GivesBack,
        Deletes = left.Deletes + right.Deletes,
        Sends = left.Sends + right.Sends,
        Restores = left.Restores + right.Restores,
    };
}
