using System.Text;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Volumes;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>A policy that bounds directories, and a machine that is there, elsewhere, or where nobody knows. The policy says that machines are in eu.</summary>
public sealed class HostRegionCheckTests
{
    private const string Bound = "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu], placement: {primary: b}}]\n";
    private const string BoundToTwo = "defaults: {placement: {primary: a}}\nrules: [{path: /x, regions: [eu, us], placement: {primary: b}}]\n";
    private const string Free = "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b}}]\n";

    [Theory]
    [InlineData(null, Bound, "/x may be in eu; by the policy staging and cache are in eu, and this machine does not declare in which region it is")]
    [InlineData("us", Bound, "/x may be in eu; by the policy staging and cache are in eu, and this machine declares that it is in us")]
    [InlineData("EU", Bound, "and this machine declares that it is in EU")]
    [InlineData("us", BoundToTwo, "/x may be in eu, us; by the policy staging and cache are in eu, and this machine declares that it is in us")]
    public async Task Apply_OnAMachineThatIsNotWhereThePolicySays_IsRefusedAndChangesNothing(string? region, string rules, string why)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync(region);
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        (LoadedPolicy policy, byte[] text) = volume.Policy(rules);
        using var application = new PolicyApplication(volume.Volume, volume.Region);

        foreach (Func<Task> attempt in (Func<Task>[])[() => application.PlanAsync(policy, text, static _ => { }, default), () => application.ApplyAsync(policy, text, static _ => { }, default)])
        {
            CommandException refused = await Assert.ThrowsAsync<CommandException>(attempt);
            Assert.Equal(ExitCode.Refused, refused.Code);
            Assert.StartsWith("apply the policy policy.yaml: /x may be in ", refused.Message, StringComparison.Ordinal);
            Assert.EndsWith(why, refused.Message, StringComparison.Ordinal);
            Assert.Contains("write 'region: eu' into the volume.yaml of this machine and mount again", refused.Action, StringComparison.Ordinal);
        }

        Assert.Single(await volume.Volume.DescribeStoresAsync(default));
        Assert.Null(await volume.Volume.ReadPolicyAsync(default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("us")]
    public async Task Apply_PolicyThatBoundsNothing_DoesNotAskWhereTheMachineIs(string? region)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync(region);
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        (LoadedPolicy policy, byte[] text) = volume.Policy(Free);
        using var application = new PolicyApplication(volume.Volume, volume.Region);

        Assert.True((await application.ApplyAsync(policy, text, static _ => { }, default)).Changes);
    }

    [Theory]
    [InlineData(null, Bound, "and this machine does not declare in which region it is")]
    [InlineData("us", Bound, "and this machine declares that it is in us")]
    [InlineData("fr", BoundToTwo, "and this machine declares that it is in fr")]
    [InlineData(null, "defaults: {regions: [eu], placement: {primary: a}}\n", "v: / may be in eu; by the policy staging and cache are in eu, and this machine does not declare in which region it is")]
    public async Task Mount_OnAMachineOutside_IsRefused(string? region, string rules, string why)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();

        CommandException refused = Assert.Throws<CommandException>(() => HostRegionCheck.RefuseOutside("mount /v", volume.Policy(rules).Text, region));

        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.StartsWith("mount /v: ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eu", Bound)]
    [InlineData("us", BoundToTwo)] // Not where the policy says, but where the directory may be: else there would be no way to apply one that says so.
    [InlineData(null, Free)]
    [InlineData("us", Free)]
    public async Task Mount_OnAMachineInside_IsNot(string? region, string rules)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();

        HostRegionCheck.RefuseOutside("mount /v", volume.Policy(rules).Text, region);
    }

    [Theory]
    [InlineData("version: 2\nplaces: 3\n")]
    [InlineData("[1]")]
    [InlineData("{")]
    public void Mount_PolicyThatIsNotUnderstood_IsRefused(string text)
    {
        CommandException refused = Assert.Throws<CommandException>(() => HostRegionCheck.RefuseOutside("mount /v", Encoding.UTF8.GetBytes(text), "eu"));

        Assert.Equal(ExitCode.UnsupportedFormat, refused.Code);
    }

    [Theory]
    [InlineData(null, "staging and cache are in a region that nobody said")]
    [InlineData("us", "staging and cache are in us")]
    public async Task Residency_OfAMachineElsewhere_SaysWhereItIs(string? region, string violation)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        (LoadedPolicy policy, byte[] text) = volume.Policy(Bound);
        using var application = new PolicyApplication(volume.Volume, volume.Region);
        await application.ApplyAsync(policy, text, static _ => { }, default);

        ResidencyReport report = await new ResidencyAudit(volume.Volume, region).RunAsync(new DateOnly(2026, 11, 1), static _ => { }, default);

        Assert.False(report.Holds);
        Assert.Equal(violation, Assert.Single(report.Directories.Single(static line => line.Path == "/x").Violations));
        Assert.Empty(report.Directories.Single(static line => line.Path == "/").Violations);
    }

    [Theory]
    [InlineData(Bound, "eu")]
    [InlineData(Free, null)]
    public async Task Restore_SaysWhereTheMachineMustBe(string rules, string? region)
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();
        await volume.MakeDirectoryAsync(InodeId.Root, "x");
        (LoadedPolicy policy, byte[] text) = volume.Policy(rules);
        using var application = new PolicyApplication(volume.Volume, volume.Region);
        await application.ApplyAsync(policy, text, static _ => { }, default);
        Assert.Null(await volume.Volume.DrainAsync(new Progress<DrainProgress>(), default));

        CommandLineRun shown = await volume.RestoreAsync("one");
        CommandLineRun json = await volume.RestoreAsync("two", "--json");

        Assert.True(shown.Code == ExitCode.Done, shown.Error);
        Assert.Equal(region is not null, shown.Output.Contains("\nregion: eu\n", StringComparison.Ordinal));
        Assert.Equal(region, json.Json.GetProperty("result").TryGetProperty("region", out System.Text.Json.JsonElement said) ? said.GetString() : null);
    }
}
