using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Azure.Tests;

/// <summary>Immutability policies and legal holds. The emulator has neither, so that a few lines of a server of these tests' own answer as Azure's documentation says, and keep what they are asked.</summary>
public sealed class AzureLockTests : IDisposable
{
    private const string Until = "Thu, 01 May 2031 12:00:00 GMT";
    private const string Day = "Mon, 02 Nov 2026 10:00:00 GMT";

    private static readonly ObjectKey Key = new("seg/ab/one");
    private static readonly ObjectRetention Compliance = new(RetentionMode.Compliance, new DateTimeOffset(2031, 5, 1, 12, 0, 0, TimeSpan.Zero));
    private static readonly ObjectRetention Governance = new(RetentionMode.Governance, Compliance.Until);

    private readonly ScratchDirectory _scratch = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private bool _hasImmutability = true;
    private string _lock = string.Empty; // Headers of the blob's policy and hold, in every look-up.
    private string? _refusal; // Status and code with which changes of the lock are answered.

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(RetentionMode.Compliance, "locked")]
    [InlineData(RetentionMode.Governance, "unlocked")]
    public async Task SetRetention_SetsThePolicy(RetentionMode mode, string expected)
    {
        await RunAsync(async store => (await store.SetRetentionAsync(Key, new ObjectRetention(mode, Compliance.Until), default)).Value);

        string put = Assert.Single(_requests, static request => request.StartsWith("PUT ", StringComparison.Ordinal));
        Assert.Contains("/container/volume/seg/ab/one?comp=immutabilityPolicies ", put, StringComparison.Ordinal);
        AssertHeader(put, "x-ms-immutability-policy-until-date", Until);
        AssertHeader(put, "x-ms-immutability-policy-mode", expected);
    }

    [Fact]
    public async Task SetRetention_ToNone_DeletesThePolicyThatIsThere()
    {
        await RunAsync(async store => (await store.SetRetentionAsync(Key, retention: null, default)).Value);
        Assert.DoesNotContain(_requests, static request => request.Contains("immutabilityPolicies", StringComparison.Ordinal));

        _lock = $"x-ms-immutability-policy-until-date: {Until}\r\nx-ms-immutability-policy-mode: unlocked\r\n";
        await RunAsync(async store => (await store.SetRetentionAsync(Key, retention: null, default)).Value);
        Assert.Single(_requests, static request => request.StartsWith("DELETE ", StringComparison.Ordinal) && request.Contains("?comp=immutabilityPolicies ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SetLegalHold_SetsTheHold(bool isHeld)
    {
        await RunAsync(async store => (await store.SetLegalHoldAsync(Key, isHeld, default)).Value);

        string put = Assert.Single(_requests, static request => request.StartsWith("PUT ", StringComparison.Ordinal));
        Assert.Contains("?comp=legalhold ", put, StringComparison.Ordinal);
        AssertHeader(put, "x-ms-legal-hold", isHeld ? "true" : "false");
    }

    [Fact]
    public async Task LookUp_ShowsPolicyAndHold()
    {
        _lock = $"x-ms-immutability-policy-until-date: {Until}\r\nx-ms-immutability-policy-mode: locked\r\nx-ms-legal-hold: true\r\n";
        ObjectProperties found = await RunAsync(async store => (await store.GetPropertiesAsync(Key, default)).Value);
        Assert.Equal(new ObjectProtection { Retention = Compliance, LegalHold = true }, found.Protection);

        _lock = $"x-ms-immutability-policy-until-date: {Until}\r\nx-ms-immutability-policy-mode: unlocked\r\n";
        found = await RunAsync(async store => (await store.GetPropertiesAsync(Key, default)).Value);
        Assert.Equal(new ObjectProtection { Retention = Governance }, found.Protection);
    }

    [Theory]
    [InlineData("409 Conflict", "BlobImmutableDueToPolicy")]
    [InlineData("400 Bad Request", "InvalidHeaderValue")]
    public async Task SetRetention_ThatWouldShortenOne_IsRetainedWhateverTheWordForIt(string status, string code)
    {
        _lock = $"x-ms-immutability-policy-until-date: {Until}\r\nx-ms-immutability-policy-mode: locked\r\n";
        _refusal = $"HTTP/1.1 {status}\r\nx-ms-error-code: {code}\r\n";
        foreach (ObjectRetention? weaker in new[] { new ObjectRetention(RetentionMode.Compliance, Compliance.Until.AddDays(-1)), Governance, null })
        {
            Assert.Equal(new StoreFailure(StoreError.Retained, code), await RunAsync(async store => (await store.SetRetentionAsync(Key, weaker, default)).Failure));
        }

        // The same words about a request that takes nothing away are something else.
        StoreFailure? other = await RunAsync(async store => (await store.SetRetentionAsync(Key, new ObjectRetention(RetentionMode.Compliance, Compliance.Until.AddDays(1)), default)).Failure);
        Assert.Equal(code == "InvalidHeaderValue" ? StoreError.InvalidRequest : StoreError.Retained, other?.Error);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(300)]
    public async Task PutFile_CarriesPolicyAndHold(int length)
    {
        await File.WriteAllBytesAsync(_scratch["source"], new byte[length]);
        var protection = new ObjectProtection { Retention = Compliance, LegalHold = true };
        ObjectProperties put = await RunAsync(async store =>
            (await store.PutFileAsync(Key, new UploadSource(_scratch["source"], length), new PutOptions { Protection = protection }, default)).Value);

        Assert.Equal(protection, put.Protection);
        string sent = Assert.Single(
            _requests, request => request.StartsWith("PUT ", StringComparison.Ordinal) && request.Contains("comp=blocklist", StringComparison.Ordinal) == (length > 200)
                && !request.Contains("comp=block&", StringComparison.Ordinal));
        AssertHeader(sent, "x-ms-immutability-policy-until-date", Until);
        AssertHeader(sent, "x-ms-immutability-policy-mode", "locked");
        AssertHeader(sent, "x-ms-legal-hold", "true");
    }

    [Fact]
    public async Task Container_WithoutImmutability_IsUnsupportedAndNothingIsSent()
    {
        _hasImmutability = false;
        await File.WriteAllBytesAsync(_scratch["source"], new byte[10]);
        StoreFailure?[] failures = await RunAsync(async store => new[]
        {
            (await store.SetRetentionAsync(Key, Compliance, default)).Failure,
            (await store.SetLegalHoldAsync(Key, isHeld: true, default)).Failure,
            (await store.PutFileAsync(Key, new UploadSource(_scratch["source"], 10), new PutOptions { Protection = new ObjectProtection { LegalHold = true } }, default)).Failure,
        });

        Assert.All(failures, static failure => Assert.Equal(StoreError.Unsupported, failure?.Error));
        Assert.DoesNotContain(_requests, static request => request.StartsWith("PUT ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("x-ms-legal-hold: true\r\n", false)]
    [InlineData("x-ms-immutability-policy-until-date: " + Until + "\r\nx-ms-immutability-policy-mode: locked\r\n", false)]
    [InlineData("x-ms-immutability-policy-until-date: Sun, 01 Nov 2026 10:00:00 GMT\r\nx-ms-immutability-policy-mode: locked\r\n", true)] // Over, by the store's clock.
    public async Task Delete_OfALockedBlob_IsRetainedAndNotSent(string headers, bool isDeleted)
    {
        _lock = headers;
        StoreResult<bool> deleted = await RunAsync(async store => await store.DeleteAsync(Key, EntityTag.Any, default));

        Assert.Equal(isDeleted ? StoreError.None : StoreError.Retained, deleted.Error);
        Assert.Equal(isDeleted ? 1 : 0, _requests.Count(static request => request.StartsWith("DELETE ", StringComparison.Ordinal)));
    }

    private static void AssertHeader(string request, string name, string value) =>
        Assert.Contains(request.Split('\n'), line => line.Trim().Equals($"{name}: {value}", StringComparison.OrdinalIgnoreCase));

    private async Task<T> RunAsync<T>(Func<AzureObjectStore, Task<T>> asking)
    {
        Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", AzuriteServer.Key);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        StoreUrl url = StoreUrl.Parse($"azblob://locks/container/volume?endpoint=http://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}");
        await using AzureObjectStore store = AzureObjectStore.Open(url, new AzureStoreOptions { LongestSinglePut = 200, BlockLength = 200, ParallelBlocks = 1 });
        Task<T> asked = asking(store);
        var answering = new List<Task>();
        while (!asked.IsCompleted)
        {
            Task<TcpClient> coming = server.AcceptTcpClientAsync();
            if (await Task.WhenAny(asked, coming) == asked)
            {
                break;
            }

            answering.Add(AnswerAsync(await coming));
        }

        await Task.WhenAll(answering);
        return await asked;
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using TcpClient closed = client;
        NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        var head = new StringBuilder();
        int length = 0;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            head.Append(line).Append('\n');
            length = line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) ? int.Parse(line.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture) : length;
            if (line.Equals("Expect: 100-continue", StringComparison.OrdinalIgnoreCase))
            {
                await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());
            }
        }

        if (length > 0)
        {
            await reader.ReadBlockAsync(new char[length]);
        }

        string request = head.ToString();
        _requests.Enqueue(request);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{AnswerTo(request)}Date: {Day}\r\nConnection: close\r\n\r\n"));
    }

    private string AnswerTo(string request)
    {
        const string blob = "ETag: \"0x1\"\r\nLast-Modified: " + Day + "\r\nx-ms-blob-type: BlockBlob\r\n";
        if (request.Contains("restype=container", StringComparison.Ordinal))
        {
            return $"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"0x1\"\r\nLast-Modified: {Day}\r\nx-ms-immutable-storage-with-versioning-enabled: {(_hasImmutability ? "true" : "false")}\r\n";
        }

        if (request.Contains("comp=immutabilityPolicies", StringComparison.Ordinal) && _refusal is not null)
        {
            return _refusal + "Content-Length: 0\r\n";
        }

        return request.Split(' ')[0] switch
        {
            "HEAD" => $"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n{blob}{_lock}",
            "GET" => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nx-ms-error-code: BlobNotFound\r\n", // No blocks of an earlier try.
            "DELETE" => $"HTTP/1.1 {(request.Contains("comp=", StringComparison.Ordinal) ? "200 OK" : "202 Accepted")}\r\nContent-Length: 0\r\n",
            _ when request.Contains("comp=immutabilityPolicies", StringComparison.Ordinal) || request.Contains("comp=legalhold", StringComparison.Ordinal) =>
                $"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{_lock}",
            _ => $"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n{blob}",
        };
    }
}
