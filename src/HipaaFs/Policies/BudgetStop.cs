namespace HipaaFs.Cli.Policies;

/// <summary>What stops when a budget is used up. Reads and writes of programs never do.</summary>
internal enum BudgetStop
{
    /// <summary>Asynchronous replication.</summary>
    Replication,

    /// <summary>Recall from an archive.</summary>
    Recall,
}
