using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class StoreAdviceTests
{
    [Theory]
    [InlineData("NoSuchBucket", "no such bucket", "correct the URL", false)]
    [InlineData("ContainerNotFound", "no such bucket or container", "correct the URL", false)]
    [InlineData("InvalidAccessKeyId", "does not know the access key", "check the credentials", false)]
    [InlineData("SignatureDoesNotMatch", "secret of the credentials is wrong", "secret key, and the clock", false)]
    [InlineData("AuthenticationFailed", "wrong or have expired", "SAS token, until when that is valid, and the clock", false)]
    [InlineData("ExpiredToken", "credentials have expired", "renew them", false)]
    [InlineData("TokenRefreshRequired", "credentials have expired", "renew them", false)]
    [InlineData("InvalidToken", "credentials have expired", "renew them", false)]
    [InlineData("SAS token outside its time", "SAS token has expired", "make a new one", false)]
    [InlineData("RequestTimeTooSkewed", "clock and the store's differ", "set the clock", false)]
    [InlineData("PermanentRedirect", "in another region", "?region=", false)]
    [InlineData("TemporaryRedirect", "in another region", "?region=", false)]
    [InlineData("AuthorizationHeaderMalformed", "in another region", "?region=", false)]
    [InlineData("IllegalLocationConstraintException", "in another region", "?region=", false)]
    [InlineData("no usable credentials", "no usable credentials", "a profile (profile= in the URL) or a role; never in the URL", false)]
    [InlineData("the source of credentials does not answer", "source of its credentials does not answer", "identity provider", true)]
    [InlineData("ConnectionRefused", "nothing listens", "host and port", true)]
    [InlineData("HostNotFound", "host name is not known", "name servers", true)]
    [InlineData("TryAgain", "host name is not known", "name servers", true)]
    [InlineData("NoData", "host name is not known", "name servers", true)]
    [InlineData("NameResolutionError", "host name is not known", "name servers", true)]
    [InlineData("HostUnreachable", "no way to its network", "routes", true)]
    [InlineData("NetworkUnreachable", "no way to its network", "routes", true)]
    [InlineData("TLS: the server's certificate is not trusted or too old a protocol", "certificate is not trusted", "ca-file=", false)]
    public void Code_OfAStoreOrOfTheNetwork_IsToldWithWhatHelps(string code, string meaning, string action, bool mayPass)
    {
        // Whatever kind an adapter takes it for.
        foreach (StoreError kind in new[] { StoreError.AccessDenied, StoreError.Unavailable, StoreError.InvalidRequest })
        {
            var advice = StoreAdvice.For(new StoreFailure(kind, code));

            Assert.Contains(meaning, advice.Meaning, StringComparison.Ordinal);
            Assert.Contains(action, advice.Action, StringComparison.Ordinal);
            Assert.Equal(mayPass, advice.MayPass);
            Assert.Equal($"{advice.Meaning}: {advice.Action}", advice.Text);
        }
    }

    [Theory]
    [InlineData(StoreError.AccessDenied, "refuses access (HTTP 403)", "rights", false)]
    [InlineData(StoreError.Throttled, "asks for fewer requests (HTTP 403)", "later", true)]
    [InlineData(StoreError.Unavailable, "cannot be reached or has a fault of its own (HTTP 403)", "network", true)]
    [InlineData(StoreError.TimedOut, "does not answer in time", "network", true)]
    [InlineData(StoreError.NoSpace, "full or a quota is used up (HTTP 403)", "make room", false)]
    [InlineData(StoreError.Corrupt, "does not give back what was written (HTTP 403)", "do not trust", false)]
    [InlineData(StoreError.Unsupported, "cannot do what a volume needs (HTTP 403)", "another store", false)]
    [InlineData(StoreError.Retained, "default retention", "without default retention", false)]
    [InlineData(StoreError.InvalidRequest, "InvalidRequest (HTTP 403)", "permissions", false)]
    [InlineData(StoreError.NotFound, "NotFound (HTTP 403)", "URL", false)]
    public void Code_ThatNobodyKnows_IsToldByItsKind(StoreError kind, string meaning, string action, bool mayPass)
    {
        var advice = StoreAdvice.For(new StoreFailure(kind, "HTTP 403"));

        Assert.Contains(meaning, advice.Meaning, StringComparison.Ordinal);
        Assert.Contains(action, advice.Action, StringComparison.Ordinal);
        Assert.Equal(mayPass, advice.MayPass);
    }

    [Fact]
    public void KindAlone_HasNoEmptyBrackets()
    {
        Assert.All(Enum.GetValues<StoreError>().Where(static kind => kind != StoreError.None), static kind =>
            Assert.DoesNotContain("(", StoreAdvice.For(StoreFailure.Of(kind)).Meaning, StringComparison.Ordinal));
    }
}
