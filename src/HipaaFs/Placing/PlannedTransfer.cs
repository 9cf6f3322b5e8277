namespace HipaaFs.Cli.Placing;

/// <summary>What a store gets and gives back until everything is where the policy wants it. Estimates: what is there is counted by files, requests by full objects.</summary>
/// <param name="Store">Its name.</param>
/// <param name="Gets">Bytes that come to it.</param>
/// <param name="GivesBack">Bytes that are deleted from it in the end.</param>
/// <param name="Sends">Bytes that are read from it, as far as the cache does not have them.</param>
/// <param name="Puts">Requests that put.</param>
/// <param name="Reads">Requests that read.</param>
internal sealed record PlannedTransfer(string Store, long Gets, long GivesBack, long Sends, long Puts, long Reads)
{
    /// <summary>Bytes of objects of which it changes the class: they stay where they are.</summary>
    public long Changes { get; init; }

    /// <summary>Requests that do that.</summary>
    public long ChangeRequests { get; init; }

    /// <summary>What it charges, in the policy's currency; null without prices.</summary>
    public PlannedCost? Cost { get; init; }
}
