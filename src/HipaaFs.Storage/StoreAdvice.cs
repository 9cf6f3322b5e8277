namespace HipaaFs.Storage;

/// <summary>What a failure means to the person who set the store up, and what to do about it.</summary>
/// <param name="Meaning">Half a sentence: what the store or the network said.</param>
/// <param name="Action">One sentence: what helps.</param>
/// <param name="MayPass">Whether it may be over by itself. Else it lasts until somebody does something.</param>
public sealed record StoreAdvice(string Meaning, string Action, bool MayPass = false)
{
    /// <summary>Both in one line.</summary>
    public string Text => $"{Meaning}: {Action}";

    /// <summary>The advice for a failure.</summary>
    public static StoreAdvice For(StoreFailure failure) => failure.Detail switch
    {
        "NoSuchBucket" or "ContainerNotFound" => new("there is no such bucket or container", "make it first, or correct the URL"),
        "InvalidAccessKeyId" => new("it does not know the access key", "check the credentials that the environment, the profile or the machine's role gives"),
        "SignatureDoesNotMatch" => new("the secret of the credentials is wrong", "check the secret key, and the clock of this machine"),
        "AuthenticationFailed" => new("it does not accept the credentials: they are wrong or have expired", "check the account's key or the SAS token, until when that is valid, and the clock of this machine"),
        "ExpiredToken" or "TokenRefreshRequired" or "InvalidToken" => new("the credentials have expired", "renew them; a long-lived volume needs a role or a profile that renews itself"),
        "SAS token outside its time" => new("the SAS token has expired, or does not begin yet", "make a new one, and check the clock of this machine if it should be valid"),
        "RequestTimeTooSkewed" => new("this machine's clock and the store's differ too much", "set the clock (NTP)"),
        "PermanentRedirect" or "TemporaryRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" =>
            new("the bucket is in another region", "put the bucket's region into the URL: ?region="),
        "no usable credentials" => new("there are no usable credentials", "set them in the environment, a profile (profile= in the URL) or a role; never in the URL"),
        "the source of credentials does not answer" => new(
            "the source of its credentials does not answer", "check the way to it (an identity provider, the machine's metadata service), or set credentials in the environment or a profile", MayPass: true),
        "ConnectionRefused" => new("nothing listens at its address", "check the endpoint's host and port, and that the server runs", MayPass: true),
        "HostNotFound" or "TryAgain" or "NoData" or "NameResolutionError" => new("its host name is not known", "check the endpoint's spelling and the name servers", MayPass: true),
        "HostUnreachable" or "NetworkUnreachable" => new("there is no way to its network", "check routes, VPN and firewalls", MayPass: true),
        { } detail when detail.StartsWith("TLS", StringComparison.Ordinal) =>
            new("its certificate is not trusted, or its TLS is older than 1.2", "name the authority's certificates with ca-file= in the URL"),
        _ => ForKind(failure),
    };

    private static StoreAdvice ForKind(StoreFailure failure)
    {
        string detail = failure.Detail is null ? string.Empty : $" ({failure.Detail})";
        return failure.Error switch
        {
            StoreError.AccessDenied => new($"it refuses access{detail}", "check the rights of the credentials on this bucket and prefix"),
            StoreError.Throttled => new($"it asks for fewer requests{detail}", "try again later, or raise the account's limits", MayPass: true),
            StoreError.Unavailable => new($"it cannot be reached or has a fault of its own{detail}", "check the network and the store's own health", MayPass: true),
            StoreError.TimedOut => new("it does not answer in time", "check the network and the store's own health", MayPass: true),
            StoreError.NoSpace => new($"it is full or a quota is used up{detail}", "make room or raise the quota"),
            StoreError.Corrupt => new($"it does not give back what was written{detail}", "do not trust it with data before this is explained"),
            StoreError.Unsupported => new($"it cannot do what a volume needs{detail}", "use another store, or an unversioned bucket of it"),
            StoreError.Retained => new("its default retention locks every object", "use a bucket without default retention"),
            _ => new($"{failure.Error}{detail}", "check its URL, its permissions and its free space"),
        };
    }
}
