using System.Text;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>What a policy leaves in the settings of a volume.</summary>
public sealed class PolicySettingTests
{
    [Fact]
    public async Task WritePolicy_IsKeptSealedAndReadAgain()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        Assert.Null(await test.Volume.ReadPolicyAsync(default));

        await test.Volume.WritePolicyAsync("path: /genomes/patients"u8.ToArray(), default);

        ReadOnlyMemory<byte> setting = (await test.Volume.Parts.Metadata.GetSettingAsync("policy")).Value;
        Assert.Equal(-1, setting.Span.IndexOf("patients"u8));
        await test.ReopenAsync();
        Assert.Equal("path: /genomes/patients"u8.ToArray(), await test.Volume.ReadPolicyAsync(default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => test.Volume.WritePolicyAsync(new byte[Volume.MostPolicyBytes + 1], default));
    }

    [Fact]
    public async Task ReadPolicy_ThatSomebodyExchanged_Fails()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.Volume.WritePolicyAsync("a"u8.ToArray(), default);
        IMetadataStore metadata = test.Volume.Parts.Metadata;
        byte[] changed = (await metadata.GetSettingAsync("policy")).Value.ToArray();
        changed[^1] ^= 1;
        await metadata.SetSettingAsync(test.Volume.Parts.Clock.NextOperation(), "policy", changed);

        await Assert.ThrowsAsync<IOException>(() => test.Volume.ReadPolicyAsync(default));
        await test.StopAsync();
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => OpenAsync(test, static _ => { }, VolumeMode.ReadWrite));
        Assert.Contains("read the policy of the volume: it is not authentic", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VolumeMode.ReadWrite)]
    [InlineData(VolumeMode.ReadOnly)]
    public async Task Open_PolicyThatIsRefused_LeavesTheVolumeAsItWas(VolumeMode mode)
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.Volume.WritePolicyAsync("a"u8.ToArray(), default);
        ulong session = test.Volume.Session;
        await test.StopAsync();
        string[] before = Files(test);

        var refused = await Assert.ThrowsAsync<NotSupportedException>(() => OpenAsync(test, static policy => throw new NotSupportedException(Encoding.UTF8.GetString(policy)), mode));

        Assert.Equal("a", refused.Message);
        Assert.Equal(before, Files(test));
        await test.OpenAsync();
        Assert.Equal(session + 1, test.Volume.Session);
    }

    // Those that others have of it: objects, staged and cached data.
    private static string[] Files(TestVolume test) => [.. ((string[])[test.StoreDirectory, test.StagingDirectory, test.CacheDirectory])
        .SelectMany(static directory => Directory.GetFiles(directory, "*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)];

    private static Task<Volume> OpenAsync(TestVolume test, Action<byte[]> judge, VolumeMode mode) =>
        Volume.OpenAsync(test.Options with { JudgePolicy = judge }, test.Key, mode, NullLoggerFactory.Instance, TimeProvider.System, default);

    [Fact]
    public async Task NameStore_OfAnyNumber_OutlivesTheMount()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        await volume.Test.Volume.NameStoreAsync(0, "own", "eu-nl", default);
        await volume.Test.Volume.NameStoreAsync(1, "other", "eu-fr", default);
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.NameStoreAsync(2, "own", "", default));
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.NameStoreAsync(3, "none", "", default));

        await volume.Test.ReopenAsync();

        IReadOnlyList<StoreContents> stores = await volume.Test.Volume.DescribeStoresAsync(default);
        Assert.Equal(
            [(0, "own", "eu-nl"), (1, "other", "eu-fr"), (2, "third", "eu-de")],
            stores.Select(static contents => (contents.Store.Number, contents.Store.Name, contents.Store.Region)));
        Assert.EndsWith("store", stores[0].Store.Url, StringComparison.Ordinal);
    }
}
