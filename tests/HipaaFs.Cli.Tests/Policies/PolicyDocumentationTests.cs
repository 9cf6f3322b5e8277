using HipaaFs.Cli.Policies;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>docs/policy.md names everything there is.</summary>
public sealed class PolicyDocumentationTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(PolicyText.Repository(), "docs", "policy.md"));

    [Fact]
    public void Document_EveryField_IsThereWithItsDefaultAndWhetherPatternsHaveIt()
    {
        Assert.All(PolicyFields.All, field =>
        {
            string row = Row(field.Key);
            Assert.Equal(field.Scopes.HasFlag(PolicyScopes.Pattern), row.StartsWith($"| `{field.Key}` * |", StringComparison.Ordinal));
            if (field.DefaultValue is Enum)
            {
                Assert.Contains($"| `{field.Describe(field.DefaultValue)}` |", row, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void Document_EveryKeyOfTheFileAndOfAStore_IsThere()
    {
        Assert.All(PolicyReader.Keys, key => Assert.Matches($@"(?m)^\| `{key}[:`]", Document));
        Assert.All(StoreReader.Keys, key => Row(key));
    }

    [Fact]
    public void Document_EveryKeyBelowAField_IsThere()
    {
        Assert.All(
            [.. PriceReader.Keys, .. BudgetReader.Keys, .. BudgetReader.LimitKeys, .. QuotaReader.Keys, .. ReplicaReader.Keys, .. TransitionReader.Keys,
                .. RetentionReader.Keys, .. PolicyReader.RecoveryKeys, .. PolicyReader.MoverKeys],
            key => Assert.Contains($"`{key}", Document, StringComparison.Ordinal));
    }

    private static string Row(string key) =>
        Document.Split('\n').FirstOrDefault(line => line.StartsWith($"| `{key}`", StringComparison.Ordinal))
            ?? throw new Xunit.Sdk.XunitException($"{key} has no row");
}
