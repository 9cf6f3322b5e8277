namespace HipaaFs.Spending;

/// <summary>What a store is not asked for any more while its budget is used up. Reads and writes of programs always go on.</summary>
[Flags]
public enum SpendingStop
{
    /// <summary>Nothing is stopped.</summary>
    None = 0,

    /// <summary>Copies that it is to have beside the primary.</summary>
    Replication = 1,

    /// <summary>Recalls from its archive.</summary>
    Recall = 2,
}
