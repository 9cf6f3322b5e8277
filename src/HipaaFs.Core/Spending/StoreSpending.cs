namespace HipaaFs.Spending;

/// <summary>What was asked of one store on the day and in the month of the newest count, in UTC.</summary>
public sealed record StoreSpending
{
    /// <summary>Number of the store.</summary>
    public int Store { get; init; }

    /// <summary>The day.</summary>
    public DateOnly Day { get; init; }

    /// <summary>What was asked on that day.</summary>
    public SpentRequests Today { get; init => field = value ?? SpentRequests.None; } = SpentRequests.None;

    /// <summary>What was asked in the month of that day.</summary>
    public SpentRequests ThisMonth { get; init => field = value ?? SpentRequests.None; } = SpentRequests.None;

    /// <summary>As it is on a later day, with what was asked since.</summary>
    internal StoreSpending On(DateOnly day, SpentRequests more) => this with
    {
        Day = day,
        Today = (day == Day ? Today : SpentRequests.None) + more,
        ThisMonth = (day.Year == Day.Year && day.Month == Day.Month ? ThisMonth : SpentRequests.None) + more,
    };
}
