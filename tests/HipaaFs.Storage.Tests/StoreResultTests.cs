using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class StoreResultTests
{
    [Fact]
    public void Success_HasTheValueAndNoError()
    {
        StoreResult<int> result = 7;
        Assert.True(result.Succeeded);
        Assert.Equal(7, result.Value);
        Assert.Equal(StoreError.None, result.Error);
        Assert.Null(result.Failure);
    }

    [Fact]
    public void Failure_HasTheErrorAndNoValue()
    {
        StoreResult<int> result = new StoreFailure(StoreError.Throttled, "SlowDown", TimeSpan.FromSeconds(2));
        Assert.False(result.Succeeded);
        Assert.Equal(StoreError.Throttled, result.Error);
        Assert.Equal("SlowDown", result.Failure!.Detail);
        Assert.Throws<InvalidOperationException>(() => result.Value);
    }

    [Fact]
    public void PlainFailures_AreShared()
    {
        foreach (StoreError error in Enum.GetValues<StoreError>().Where(error => error != StoreError.None))
        {
            StoreResult<string> result = error;
            Assert.Equal(error, result.Error);
            Assert.Same(StoreFailure.Of(error), result.Failure);
        }

        Assert.ThrowsAny<ArgumentException>(() => StoreFailure.Of(StoreError.None));
    }

    [Fact]
    public void Errors_AreClassified()
    {
        Assert.Equal(
            [StoreError.Throttled, StoreError.Unavailable, StoreError.TimedOut],
            Enum.GetValues<StoreError>().Where(error => error.IsTransient()));
        Assert.Equal([StoreError.Unavailable, StoreError.TimedOut], Enum.GetValues<StoreError>().Where(error => error.IsAmbiguous()));
        Assert.DoesNotContain(Enum.GetValues<StoreError>(), error => error.IsAnswer() && error.IsTransient());
    }

    [Theory]
    [InlineData(2, StoreError.NotFound)]
    [InlineData(13, StoreError.AccessDenied)]
    [InlineData(30, StoreError.AccessDenied)]
    [InlineData(28, StoreError.NoSpace)]
    [InlineData(122, StoreError.NoSpace)]
    [InlineData(20, StoreError.InvalidRequest)]
    [InlineData(110, StoreError.TimedOut)]
    [InlineData(5, StoreError.Unavailable)]
    [InlineData(116, StoreError.Unavailable)]
    public void FileFailures_ErrnoBecomesStoreError(int errno, StoreError expected)
    {
        StoreFailure failure = FileFailures.From(new IOException("/secret/path", errno));
        Assert.Equal(expected, failure.Error);
        Assert.Equal($"errno {errno}", failure.Detail);
    }

    [Fact]
    public void FileFailures_OfTheLibrary_AreKnown()
    {
        Assert.Equal(StoreError.AccessDenied, FileFailures.From(new UnauthorizedAccessException("/secret/path")).Error);
        Assert.Equal(StoreError.NotFound, FileFailures.From(new FileNotFoundException("/secret/path")).Error);
        Assert.Equal(StoreError.NotFound, FileFailures.From(new DirectoryNotFoundException("/secret/path")).Error);
        Assert.False(FileFailures.IsFileFailure(new InvalidOperationException()));
    }

    [Fact]
    public void UploadSource_Text_ShowsNoPath()
    {
        Assert.DoesNotContain("secret", new UploadSource("/secret/path", 5).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Failure_AsText_IsTheFailure()
    {
        StoreResult<int> failed = new StoreFailure(StoreError.Throttled, "SlowDown");
        Assert.Contains("SlowDown", failed.ToString(), StringComparison.Ordinal);
        StoreResult<int> seven = 7;
        Assert.Equal("7", seven.ToString());
    }
}
