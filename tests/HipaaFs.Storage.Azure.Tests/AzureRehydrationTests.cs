using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace HipaaFs.Storage.Azure.Tests;

/// <summary>Blobs on their way back from the archive. The emulator brings them back at once, so that a few lines of a server of these tests' own say that one is under way, and keep what they are asked.</summary>
public sealed class AzureRehydrationTests
{
    private static readonly ObjectKey Key = new("seg/ab/one");

    [Theory]
    [InlineData("Standard", RestoreSpeed.Expedited, "High")]
    [InlineData("Standard", RestoreSpeed.Standard, null)]
    [InlineData("Standard", RestoreSpeed.Bulk, null)]
    [InlineData("High", RestoreSpeed.Expedited, null)]
    public async Task Restore_UnderWay_IsHastenedWhereThatBringsSomething(string priority, RestoreSpeed speed, string? expected)
    {
        (StoreResult<RestoreState> asked, string? sent) = await RestoreAsync(priority, speed, "HTTP/1.1 202 Accepted\r\n");

        Assert.Equal(RestoreState.InProgress, asked.Value);
        Assert.Equal(expected, sent);
    }

    [Fact]
    public async Task Restore_UnderWayAndNotHastened_SaysSo()
    {
        (StoreResult<RestoreState> asked, string? sent) = await RestoreAsync("Standard", RestoreSpeed.Expedited, "HTTP/1.1 409 Conflict\r\nx-ms-error-code: BlobBeingRehydrated\r\n");

        Assert.Equal(new StoreFailure(StoreError.Archived, "BlobBeingRehydrated"), asked.Failure);
        Assert.Equal("High", sent);
    }

    // What came of it, and the priority that was asked for.
    private static async Task<(StoreResult<RestoreState> Asked, string? Sent)> RestoreAsync(string priority, RestoreSpeed speed, string answerToTier)
    {
        Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", Testing.Servers.AzuriteServer.Key);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        StoreUrl url = StoreUrl.Parse($"azblob://rehydration/container?endpoint=http://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}");
        await using AzureObjectStore store = AzureObjectStore.Open(url, new AzureStoreOptions());
        string? sent = null;
        Task<StoreResult<RestoreState>> asking = store.RestoreAsync(Key, new RestoreRequest(speed, 3), default).AsTask();
        while (!asking.IsCompleted)
        {
            Task<TcpClient> coming = server.AcceptTcpClientAsync();
            if (await Task.WhenAny(asking, coming) == asking)
            {
                break;
            }

            using TcpClient client = await coming;
            List<string> head = await ReadHeadAsync(client);
            bool setsTier = head[0].StartsWith("PUT ", StringComparison.Ordinal);
            sent = setsTier ? head.Single(static line => line.StartsWith("x-ms-rehydrate-priority:", StringComparison.OrdinalIgnoreCase)).Split(':')[1].Trim() : sent;
            string answer = setsTier
                ? answerToTier + "Content-Length: 0\r\n"
                : "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nETag: \"0x1\"\r\nLast-Modified: Mon, 02 Nov 2026 10:00:00 GMT\r\nx-ms-blob-type: BlockBlob\r\nx-ms-access-tier: Archive\r\n"
                    + $"x-ms-archive-status: rehydrate-pending-to-hot\r\nx-ms-rehydrate-priority: {sent ?? priority}\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer + "Connection: close\r\n\r\n"));
        }

        return (await asking, sent);
    }

    private static async Task<List<string>> ReadHeadAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
        var head = new List<string>();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            head.Add(line);
        }

        return head;
    }
}
