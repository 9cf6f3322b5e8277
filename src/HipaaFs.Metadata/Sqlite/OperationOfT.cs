using HipaaFs.Metadata.Sqlite.Rules;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>One kind of change with its answer.</summary>
internal sealed class Operation<T> : Operation
{
    private readonly Func<RuleSet, MetadataRequest, MetadataResult<T>> _apply;

    public Operation(Func<RuleSet, MetadataRequest, MetadataResult<T>> apply) => _apply = apply;

    public MetadataResult<T> Apply(RuleSet rules, MetadataRequest request) => _apply(rules, request);

    public override bool Redo(RuleSet rules, MetadataRequest request) => _apply(rules, request).Succeeded;
}
