using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

/// <summary>What commands that need no mount say when the store refuses them. No server is behind the proxy: it answers for one.</summary>
public sealed class StoreRefusalTests : IAsyncLifetime
{
    private readonly VolumeDirectory _directory = new();
    private readonly FaultProxy _proxy = FaultProxy.Start(new Uri("http://127.0.0.1:9"));

    private Dictionary<string, string> Home => new() { ["HOME"] = Path.Combine(_directory.Root, "home") };

    private string Url => $"s3://bucket/volume?endpoint={Uri.EscapeDataString(_proxy.Endpoint.ToString())}&region=us-east-1";

    private string Key => "file:" + Path.Combine(_directory.Root, "recovery.key");

    /// <summary>What a store answers, and what is told of it.</summary>
    public static TheoryData<int, string, string, string> Refusals { get; } = new()
    {
        { 403, "SignatureDoesNotMatch", "the secret of the credentials is wrong", "Check the secret key" },
        { 403, "InvalidAccessKeyId", "it does not know the access key", "Check the credentials" },
        { 400, "ExpiredToken", "the credentials have expired", "Renew them" },
        { 403, "RequestTimeTooSkewed", "this machine's clock and the store's differ too much", "Set the clock" },
        { 301, "PermanentRedirect", "the bucket is in another region", "?region=" },
        { 400, "AuthorizationHeaderMalformed", "the bucket is in another region", "?region=" },
        { 404, "NoSuchBucket", "there is no such bucket", "correct the URL" },
    };

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", CephCluster.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", CephCluster.SecretKey);
        CommandLineRun made = await CommandLineRun.OfAsync(Home, "init", _directory.Volume, "--recovery-key", Key["file:".Length..]);
        Assert.True(made.Code == ExitCode.Done, made.Error);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Restore_SaysWhyAndWhatHelps(int status, string code, string meaning, string action)
    {
        Refuse(status, code);

        CommandLineRun run = await CommandLineRun.OfAsync(Home, "restore", "--store", Url, "--key", Key, Path.Combine(_directory.Root, "restored"));

        AssertTold(run, $"restore from {Url}", meaning, action);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Init_SaysWhyAndWhatHelps(int status, string code, string meaning, string action)
    {
        Refuse(status, code);

        CommandLineRun run = await CommandLineRun.OfAsync(Home, "init", Path.Combine(_directory.Root, "second"), "--store", Url, "--no-recovery-key");

        AssertTold(run, $"the store {Url} does not work", meaning, action);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Keys_SayWhyAndWhatHelps(int status, string code, string meaning, string action)
    {
        Refuse(status, code);
        UseRefusingStore();
        string added = Path.Combine(_directory.Root, "pass");
        await File.WriteAllTextAsync(added, "a passphrase of some length\n");
        File.SetUnixFileMode(added, UnixFileMode.UserRead);

        CommandLineRun run = await CommandLineRun.OfAsync(Home, "key", "add-wrap", _directory.Volume, "--key", Key, "--new-key", $"passphrase:file:{added}");

        AssertTold(run, $"read from the store {Url}", meaning, action);
        Assert.Contains("nothing was changed", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Fsck_SaysWhyAndWhatHelps(int status, string code, string meaning, string action)
    {
        Refuse(status, code);
        UseRefusingStore();

        CommandLineRun run = await CommandLineRun.OfAsync(Home, "fsck", _directory.Volume, "--key", Key);

        AssertTold(run, Url, meaning, action);
    }

    private void Refuse(int status, string code) => _proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = status, Code = code });

    private void UseRefusingStore()
    {
        string file = Path.Combine(_directory.Volume, "volume.yaml");
        File.WriteAllLines(file, File.ReadAllLines(file).Select(line => line.StartsWith("store:", StringComparison.Ordinal) ? $"store: \"{Url}\"" : line));
    }

    private static void AssertTold(CommandLineRun run, string what, string meaning, string action)
    {
        Assert.Equal(ExitCode.Store, run.Code);
        Assert.Contains(what, run.Error, StringComparison.Ordinal);
        Assert.Contains(meaning, run.Error, StringComparison.Ordinal);
        Assert.Contains(action, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(CephCluster.SecretKey, run.Error, StringComparison.Ordinal);
    }
}
