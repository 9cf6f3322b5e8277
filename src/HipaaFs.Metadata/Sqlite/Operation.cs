using HipaaFs.Metadata.Sqlite.Rules;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>One kind of change, as the redo list needs it: something that can be done again with the same request.</summary>
internal abstract class Operation
{
    /// <summary>Does it again on the state it was done on before. Answers whether it succeeded, as it did then.</summary>
    public abstract bool Redo(RuleSet rules, MetadataRequest request);
}
