using HipaaFs.Checking;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>One example of each kind of damage to extended attributes and link targets.</summary>
public sealed class AttributeCheckTests
{
    [Fact]
    public async Task Check_AttributesAndLinks_FindsNothing()
    {
        await using TestVolume test = await WithAttributesAsync();

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Check_XattrNameForged_IsFound()
    {
        await using TestVolume test = await WithAttributesAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            XattrChange xattr = rows.OfType<XattrChange>().Single();
            return [xattr with { Xattr = xattr.Xattr with { SealedName = new byte[xattr.Xattr.SealedName.Length] } }];
        });

        await AssertFoundAsync(test, CheckKind.XattrNotAuthentic, "name of an extended attribute of inode");
    }

    [Fact]
    public async Task Check_XattrValueForged_IsFound()
    {
        await using TestVolume test = await WithAttributesAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            XattrChange xattr = rows.OfType<XattrChange>().Single();
            byte[] value = xattr.Xattr.SealedValue.ToArray();
            value[^1] ^= 1;
            return [xattr with { Xattr = xattr.Xattr with { SealedValue = value } }];
        });

        await AssertFoundAsync(test, CheckKind.XattrNotAuthentic, "value of an extended attribute of inode");
    }

    [Fact]
    public async Task Check_TargetForged_IsFound()
    {
        await using TestVolume test = await WithAttributesAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            SymlinkChange target = rows.OfType<SymlinkChange>().Single();
            return [target with { Target = new byte[target.Target.Length] }];
        });

        await AssertFoundAsync(test, CheckKind.TargetNotAuthentic, "inode ");
    }

    [Fact]
    public async Task Check_TargetGone_IsFound()
    {
        await using TestVolume test = await WithAttributesAsync();
        await SpoiltRows.WriteAsync(test, static rows => [rows.OfType<SymlinkChange>().Single() with { Kind = ChangeKind.Tombstone }]);

        await AssertFoundAsync(test, CheckKind.TargetMissing, "inode ");
    }

    [Fact]
    public async Task Check_AttributesOfAnInodeThatIsNot_AreRemoved()
    {
        await using TestVolume test = await WithAttributesAsync();
        var nobody = new InodeId(4_000_000);
        await SpoiltRows.WriteAsync(test, rows =>
        [
            rows.OfType<XattrChange>().Single() with { Inode = nobody },
            rows.OfType<SymlinkChange>().Single() with { Inode = nobody },
        ]);

        CheckReport report = await test.CheckAsync(repair: true);
        Assert.Equal(
            [(CheckKind.StrayAttribute, true), (CheckKind.StrayAttribute, true)],
            report.Findings.Select(static finding => (finding.Kind, finding.Repaired)));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Check_FlagsOfAttributesGone_AreRepaired()
    {
        await using TestVolume test = await WithAttributesAsync();
        SpoiltRows.Execute(test, "UPDATE inode SET flags = 0 WHERE flags = 1");

        CheckFinding found = Assert.Single((await test.CheckAsync(repair: true)).Findings);
        Assert.Equal((CheckKind.WrongFlags, true), (found.Kind, found.Repaired));
        await test.AssertSoundAsync();
        await test.OpenAsync();
        InodeId file = (await test.FileSystem.LookupAsync("a")).Id;
        Assert.NotEmpty(await test.FileSystem.ListXattrsAsync(file, default).Ok());
    }

    private static async Task<TestVolume> WithAttributesAsync()
    {
        TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("a", [1]);
        await test.FileSystem.SetXattrAsync(file, "user.patient"u8.ToArray(), new byte[] { 1, 2 }, XattrMode.Any, false, default).Ok();
        await test.FileSystem.MakeSymbolicLinkAsync(InodeId.Root, "link"u8, "a"u8, FileSystemCalls.Someone, default).Ok();
        await test.DrainAsync();
        await test.StopAsync();
        return test;
    }

    private static async Task AssertFoundAsync(TestVolume test, CheckKind kind, string subject)
    {
        CheckFinding found = Assert.Single((await test.CheckAsync(repair: true)).Findings);
        Assert.Equal((kind, false), (found.Kind, found.Repaired));
        Assert.StartsWith(subject, found.Subject, StringComparison.Ordinal);
    }
}
