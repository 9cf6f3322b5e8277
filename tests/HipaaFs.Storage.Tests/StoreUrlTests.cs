using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class StoreUrlTests
{
    [Theory]
    [InlineData("file:///srv/store", "/srv/store", "file:///srv/store")]
    [InlineData("FILE:///srv/store/", "/srv/store", "file:///srv/store")]
    [InlineData("file:///srv/a%20b%3f", "/srv/a b?", "file:///srv/a%20b%3F")]
    [InlineData("file:///a/../b", "/b", "file:///b")]
    [InlineData("file:///", "/", "file:///")]
    public void File_Urls_GiveTheDirectory(string text, string path, string canonical)
    {
        StoreUrl url = StoreUrl.Parse(text);
        Assert.Equal(StoreScheme.File, url.Scheme);
        Assert.Equal(path, url.Path);
        Assert.Equal(canonical, url.ToString());
        Assert.Equal(url, StoreUrl.Parse(canonical));
    }

    [Fact]
    public void S3_Url_GivesItsParts()
    {
        StoreUrl url = StoreUrl.Parse("s3://my-bucket/some/prefix/?endpoint=http://127.0.0.1:7480&region=eu-central-1");
        Assert.Equal(StoreScheme.S3, url.Scheme);
        Assert.Equal("my-bucket", url.Bucket);
        Assert.Equal("some/prefix", url.Prefix);
        Assert.Equal(new Uri("http://127.0.0.1:7480"), url.Endpoint);
        Assert.Equal("eu-central-1", url.Region);
        Assert.Equal(url, StoreUrl.Parse(url.ToString()));
        Assert.Equal("s3://my-bucket", StoreUrl.Parse("s3://my-bucket/").ToString());
    }

    [Fact]
    public void Azure_Url_GivesItsParts()
    {
        StoreUrl url = StoreUrl.Parse("azblob://account1/container-1/p?endpoint=http%3A%2F%2Fexample.org%3A10000&allow-insecure=true");
        Assert.Equal(StoreScheme.AzureBlob, url.Scheme);
        Assert.Equal(("account1", "container-1", "p"), (url.Account, url.Bucket, url.Prefix));
        Assert.True(url.AllowInsecure);
        Assert.Equal(url, StoreUrl.Parse(url.ToString()));
    }

    [Theory]
    [InlineData("file:///a/b", "file:///a/c/../b/", true)]
    [InlineData("file:///a/b", "file:///a", false)]
    [InlineData("s3://bucket", "s3://bucket/?region=eu-west-1&profile=x&requester-pays=true&kms-key=k&archive-class=DEEP_ARCHIVE", true)]
    [InlineData("s3://bucket", "s3://bucket?endpoint=https://s3.eu-west-1.amazonaws.com", true)]
    [InlineData("s3://bucket", "s3://bucket?endpoint=https://rgw.example.org", false)]
    [InlineData("s3://bucket?endpoint=https://RGW.example.org:443", "s3://bucket?endpoint=http://rgw.example.org/&allow-insecure=true", true)]
    [InlineData("s3://bucket?endpoint=https://rgw.example.org:8443", "s3://bucket?endpoint=https://rgw.example.org", false)]
    [InlineData("s3://bucket/a", "s3://bucket/b", false)]
    [InlineData("s3://bucket", "s3://other", false)]
    [InlineData("azblob://account/box", "azblob://account/box?endpoint=https://account.blob.core.windows.net", true)]
    [InlineData("azblob://account/box", "azblob://another/box", false)]
    public void Place_OfTwoUrls_IsComparedWithoutTheWayThere(string first, string second, bool same)
    {
        Assert.Equal(same, StoreUrl.Parse(first).IsSamePlace(StoreUrl.Parse(second)));
        Assert.Equal(same, StoreUrl.Parse(second).IsSamePlace(StoreUrl.Parse(first)));
    }

    [Theory]
    [InlineData(null, StoreUrlError.Empty)]
    [InlineData("  ", StoreUrlError.Empty)]
    [InlineData("/srv/store", StoreUrlError.NoScheme)]
    [InlineData("://x", StoreUrlError.NoScheme)]
    [InlineData("gopher://x", StoreUrlError.UnknownScheme)]
    [InlineData("file:/srv", StoreUrlError.InvalidPath)]
    [InlineData("file://host/srv", StoreUrlError.InvalidPath)]
    [InlineData("file://srv", StoreUrlError.InvalidPath)]
    [InlineData("file:///srv%00x", StoreUrlError.InvalidPath)]
    [InlineData("file:///srv?endpoint=x", StoreUrlError.UnknownKey)]
    [InlineData("file:///srv#x", StoreUrlError.UnexpectedText)]
    [InlineData("memory:x", StoreUrlError.UnexpectedText)]
    [InlineData("s3:bucket", StoreUrlError.InvalidPath)]
    [InlineData("s3://", StoreUrlError.InvalidBucket)]
    [InlineData("s3://ab", StoreUrlError.InvalidBucket)]
    [InlineData("s3://Bucket", StoreUrlError.InvalidBucket)]
    [InlineData("s3://key:secret@bucket", StoreUrlError.HasCredentials)]
    [InlineData("s3://bucket/a//b", StoreUrlError.InvalidPrefix)]
    [InlineData("s3://bucket/../b", StoreUrlError.InvalidPrefix)]
    [InlineData("s3://bucket/a%0ab", StoreUrlError.InvalidPrefix)]
    [InlineData("s3://bucket?Region=x", StoreUrlError.UnknownKey)]
    [InlineData("s3://bucket?region", StoreUrlError.InvalidValue)]
    [InlineData("s3://bucket?region=a&region=b", StoreUrlError.DuplicateKey)]
    [InlineData("s3://bucket?endpoint=ftp://x", StoreUrlError.InvalidValue)]
    [InlineData("s3://bucket?endpoint=localhost:9000", StoreUrlError.InvalidValue)]
    [InlineData("s3://bucket?endpoint=https://x/?y", StoreUrlError.InvalidValue)]
    [InlineData("s3://bucket?endpoint=https://a:b@x", StoreUrlError.HasCredentials)]
    [InlineData("s3://bucket?endpoint=http://example.org", StoreUrlError.InsecureEndpoint)]
    [InlineData("s3://bucket?allow-insecure=yes", StoreUrlError.InvalidValue)]
    [InlineData("azblob://account", StoreUrlError.InvalidBucket)]
    [InlineData("azblob://Account/container", StoreUrlError.InvalidBucket)]
    [InlineData("azblob://account/container?region=x", StoreUrlError.UnknownKey)]
    public void Malformed_Urls_AreRefusedWithTheReason(string? text, StoreUrlError expected)
    {
        Assert.False(StoreUrl.TryParse(text, out StoreUrl? url, out StoreUrlProblem? problem));
        Assert.Null(url);
        Assert.Equal(expected, problem.Error);
        Assert.NotEmpty(problem.Message);
        Assert.DoesNotContain("secret", problem.Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => StoreUrl.Parse(text!));
    }

    [Fact]
    public async Task Open_FileAndMemory_GiveWorkingStores()
    {
        using var scratch = new ScratchDirectory();
        foreach (string text in new[] { "memory:", "file://" + scratch["store"] })
        {
            await using MeteringObjectStore store = ObjectStores.Local.Open(
                StoreUrl.Parse(text), new StoreOptions { Create = true }, TimeProvider.System, NullLogger.Instance);
            Assert.True((await store.PutAsync(new ObjectKey("one"), new byte[5], PutCondition.IfAbsent, default)).Succeeded);
            Assert.Equal(5, (await store.ReadAsync(new ObjectKey("one"), EntityTag.Any, 0, new byte[10], default)).Value);
        }
    }

    [Theory]
    [InlineData("s3://bucket")]
    [InlineData("azblob://account/container")]
    public void Open_KindWithoutAnAdapter_SaysSo(string text)
    {
        StoreOpenException refused = Assert.Throws<StoreOpenException>(
            () => ObjectStores.Local.Open(StoreUrl.Parse(text), new StoreOptions(), TimeProvider.System, NullLogger.Instance));
        Assert.Equal(StoreError.Unsupported, refused.Error);
        Assert.Contains("knows no such stores", refused.Message, StringComparison.Ordinal);
    }
}
