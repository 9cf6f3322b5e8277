namespace HipaaFs.Cli.Placing;

/// <summary>Money, in the currency of the policy.</summary>
/// <param name="Currency">It.</param>
/// <param name="StorageMonth">More, or less, a month from then on.</param>
/// <param name="Requests">Once, for requests.</param>
/// <param name="Retrieval">Once, for reading from tiers that charge that.</param>
/// <param name="Egress">Once, for what is sent out.</param>
/// <param name="EarlyDeletion">Once and at most, for what is deleted before the least time that is charged.</param>
internal sealed record PlannedCost(string Currency, decimal StorageMonth, decimal Requests, decimal Retrieval, decimal Egress, decimal EarlyDeletion)
{
    /// <summary>All that is paid once.</summary>
    public decimal Once => Requests + Retrieval + Egress + EarlyDeletion;

    /// <summary>Both, in one currency.</summary>
    public static PlannedCost operator +(PlannedCost left, PlannedCost right) => left with
    {
        StorageMonth = left.StorageMonth + right.StorageMonth,
        Requests = left.Requests + right.Requests,
        Retrieval = left.Retrieval + right.Retrieval,
        Egress = left.Egress + right.Egress,
        EarlyDeletion = left.EarlyDeletion + right.EarlyDeletion,
    };
}
