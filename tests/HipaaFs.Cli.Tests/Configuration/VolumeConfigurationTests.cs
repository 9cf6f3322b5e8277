using HipaaFs.Cli.Configuration;
using Xunit;

namespace HipaaFs.Cli.Tests.Configuration;

public sealed class VolumeConfigurationTests
{
    private static readonly Dictionary<string, string> NoFlags = [];

    [Fact]
    public void Read_MinimalFile_TakesDefaults()
    {
        VolumeConfiguration configuration = Read(VolumeDirectory.MinimalText);

        Assert.Equal(Guid.Parse(VolumeDirectory.Id), configuration.VolumeId);
        Assert.Equal(256L << 20, configuration.Get(VolumeSettings.Memory));
        Assert.Equal(10L << 30, configuration.Get(VolumeSettings.CacheSize));
        Assert.Equal(0.05, configuration.Get(VolumeSettings.CacheKeepFree));
        Assert.Equal("/volume/cache", configuration.GetPath(VolumeSettings.CacheDirectory));
        Assert.Equal("/volume/log/hipaafs.log", configuration.GetPath(VolumeSettings.LogFile));
        Assert.Null(configuration.KeyReference);
        Assert.Null(configuration.Get(VolumeSettings.Capacity));
        Assert.Null(configuration.Get(VolumeSettings.Region));
    }

    [Fact]
    public void Read_Region_IsOneThatAPolicyCanName()
    {
        Assert.Equal("eu-de", Read(VolumeDirectory.MinimalText + "region: eu-de\n").Get(VolumeSettings.Region));
        Assert.Null(Read(VolumeDirectory.MinimalText + "region: none\n").Get(VolumeSettings.Region));
        Assert.Equal("us", Read(VolumeDirectory.MinimalText + "region: eu\n", NoFlags, new Dictionary<string, string> { ["HIPAAFS_REGION"] = "us" }).Get(VolumeSettings.Region));
        Assert.StartsWith("volume.yaml:4:9: region: 'eu de' is no region", Assert.Single(Problems(VolumeDirectory.MinimalText + "region: eu de\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_EveryDefault_IsAcceptable()
    {
        Assert.All(VolumeSettings.All.Where(setting => setting.DefaultText is not null), setting =>
            Assert.Null(setting.FindProblem(setting.DefaultText!)));
    }

    [Fact]
    public void Read_SeveralMistakes_ReportsAllWithLineAndColumn()
    {
        const string text = "version: 1\nid: abc\nstroe: file:///x\nmemory: lots\ncache:\n  size: 1KiB\n  foo: 3\nlog: 3\n";

        List<string> problems = Problems(text);

        Assert.Equal(7, problems.Count);
        Assert.Contains(problems, problem => problem.StartsWith("volume.yaml:2:5: id: 'abc'", StringComparison.Ordinal));
        Assert.Contains("volume.yaml:3:1: stroe: no such setting; did you mean store?", problems);
        Assert.Contains(problems, problem => problem.StartsWith("volume.yaml:4:9: memory: 'lots'", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("volume.yaml:6:9: cache.size: '1KiB'", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("volume.yaml:7:3: cache.foo: no such setting", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("volume.yaml:8:1: log: expected", StringComparison.Ordinal));
        Assert.Contains("volume.yaml: store: missing", problems);
    }

    [Theory]
    [InlineData("{{{ not yaml")]
    [InlineData("a: [")]
    [InlineData("- a\n- b\n")]
    [InlineData("\"text\"")]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("a: b: c\n")]
    [InlineData("? [a, b]\n: c\n")]
    [InlineData("version: [1, 2]\nid: {a: b}\nstore: &x file:///y\nkey: *x\n")]
    [InlineData("version: 1\n---\nversion: 1\n")]
    [InlineData("\t")]
    [InlineData("\0")]
    public void Read_TextThatIsNoConfiguration_IsRefusedWithAPlace(string text)
    {
        List<string> problems = Problems(text);

        Assert.NotEmpty(problems);
        Assert.All(problems, problem => Assert.StartsWith("volume.yaml", problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_SyntaxError_DoesNotAlsoReportWhatItHides()
    {
        string problem = Assert.Single(Problems("version: 1\nid: 'open\n"));

        Assert.Contains("no valid YAML", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_KeySetTwice_IsRefused()
    {
        string problem = Assert.Single(Problems(VolumeDirectory.MinimalText + "memory: 1GiB\nmemory: 2GiB\n"));

        Assert.Equal("volume.yaml:5:1: memory: set a second time", problem);
    }

    [Fact]
    public void Read_FlagOverEnvironmentOverFile_InThisOrder()
    {
        string text = VolumeDirectory.MinimalText + "memory: 1GiB\ncache:\n  size: 1GiB\nstaging:\n  size: 1GiB\n";
        var environment = new Dictionary<string, string> { ["HIPAAFS_MEMORY"] = "2GiB", ["HIPAAFS_CACHE_SIZE"] = "2GiB" };
        var flags = new Dictionary<string, string> { ["memory"] = "3GiB" };

        VolumeConfiguration configuration = Read(text, flags, environment);

        Assert.Equal(3L << 30, configuration.Get(VolumeSettings.Memory));
        Assert.Equal(2L << 30, configuration.Get(VolumeSettings.CacheSize));
        Assert.Equal(1L << 30, configuration.Get(VolumeSettings.StagingSize));
        Assert.Equal("option memory", configuration.Settings.Single(setting => setting.Setting == VolumeSettings.Memory).Place);
    }

    [Fact]
    public void Read_WrongEnvironmentVariable_NamesIt()
    {
        var environment = new Dictionary<string, string> { ["HIPAAFS_MEMORY"] = "much" };

        string problem = Assert.Single(Problems(VolumeDirectory.MinimalText, environment));

        Assert.StartsWith("environment HIPAAFS_MEMORY: memory: 'much'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_IdInTheEnvironment_IsNotLookedAt()
    {
        var environment = new Dictionary<string, string> { ["HIPAAFS_ID"] = Guid.Empty.ToString() };

        Assert.Equal(Guid.Parse(VolumeDirectory.Id), Read(VolumeDirectory.MinimalText, NoFlags, environment).VolumeId);
    }

    [Fact]
    public void Read_SecretInsteadOfAKeyReference_IsNotRepeated()
    {
        string problem = Assert.Single(Problems(VolumeDirectory.MinimalText + "key: passphrase:correct horse\n"));

        Assert.DoesNotContain("horse", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CacheAndStagingInOneDirectory_IsRefused()
    {
        string problem = Assert.Single(Problems(VolumeDirectory.MinimalText + "cache:\n  directory: same\nstaging:\n  directory: ./same\n"));

        Assert.Contains("staging.directory", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("publish: 30s\n  alarm: 59s", "recovery.alarm: ")]
    [InlineData("alarm: 49s", "recovery.alarm: ")]
    [InlineData("publish: 61s", "recovery.publish: '61s'")]
    [InlineData("publish: 25", "recovery.publish: '25'")]
    [InlineData("alarm: 1s", "recovery.alarm: '1s'")]
    public void Read_RecoverySettingsThatCannotBeKept_AreRefused(string lines, string problem)
    {
        Assert.Contains(problem, Assert.Single(Problems($"{VolumeDirectory.MinimalText}recovery:\n  {lines}\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RecoverySettings_AreTaken()
    {
        VolumeConfiguration configuration = Read($"{VolumeDirectory.MinimalText}recovery:\n  publish: 1s\n  alarm: 2s\n");

        Assert.Equal(TimeSpan.FromSeconds(1), configuration.Get(VolumeSettings.RecoveryPublish));
        Assert.Equal(TimeSpan.FromSeconds(2), configuration.Get(VolumeSettings.RecoveryAlarm));
    }

    [Fact]
    public void Read_NewerLayout_IsUnsupportedFormat()
    {
        var failure = Assert.Throws<CommandException>(() => Problems("version: 2\nwhatever: 3\n"));

        Assert.Equal(ExitCode.UnsupportedFormat, failure.Code);
    }

    [Fact]
    public void Read_RandomText_NeverThrowsAnythingElse()
    {
        var random = new Random(20261122);
        const string alphabet = "ab:-[]{}'\"#&*!|>%@`,? \n\t0123version store cache\\";
        for (int round = 0; round < 3000; round++)
        {
            char[] text = [.. Enumerable.Range(0, random.Next(40)).Select(_ => alphabet[random.Next(alphabet.Length)])];

            Assert.NotEmpty(Problems(new string(text)));
        }
    }

    private static VolumeConfiguration Read(
        string text, Dictionary<string, string>? flags = null, Dictionary<string, string>? environment = null)
    {
        var problems = new List<ConfigurationProblem>();
        bool read = VolumeConfiguration.TryRead(
            "/volume", text, flags ?? NoFlags, name => environment?.GetValueOrDefault(name), problems, out VolumeConfiguration? configuration);
        Assert.True(read, string.Join('\n', problems));
        return configuration!;
    }

    private static List<string> Problems(string text, Dictionary<string, string>? environment = null)
    {
        var problems = new List<ConfigurationProblem>();
        bool read = VolumeConfiguration.TryRead(
            "/volume", text, NoFlags, name => environment?.GetValueOrDefault(name), problems, out _);
        Assert.Equal(problems.Count == 0, read);
        return [.. problems.Select(problem => problem.ToString())];
    }
}
