using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Every operation on the live view.</summary>
internal sealed class RuleSet
{
    public RuleSet(LiveTables tables)
    {
        Removal = new InodeRemoval(tables);
        History = new HistoryRemoval(tables);
        Names = new NamespaceRules(tables, Removal);
        Renames = new RenameRules(tables, Names);
        Extents = new ExtentRules(tables);
        Relocations = new RelocationRules(tables);
        Attributes = new AttributeRules(tables, Extents);
        Volume = new VolumeRules(tables, Removal);
    }

    public InodeRemoval Removal { get; }

    public HistoryRemoval History { get; }

    public NamespaceRules Names { get; }

    public RenameRules Renames { get; }

    public ExtentRules Extents { get; }

    public RelocationRules Relocations { get; }

    public AttributeRules Attributes { get; }

    public VolumeRules Volume { get; }
}
