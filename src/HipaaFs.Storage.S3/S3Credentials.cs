using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;

namespace HipaaFs.Storage.S3;

/// <summary>The credentials of one store: a named profile, or the SDK's chain (environment, profile, web identity, SSO, container, instance role).</summary>
/// <remarks>
/// What expires the SDK renews by itself. What an operator rotates in a file it keeps for ever, so a refusal by the store looks the credentials up again, at most once in
/// <see cref="ShortestReload"/>. Thread-safe.
/// </remarks>
internal sealed class S3Credentials : AWSCredentials
{
    /// <summary>Time between two look-ups: a store that refuses good credentials must not cause a storm of them.</summary>
    internal static readonly TimeSpan ShortestReload = TimeSpan.FromSeconds(5);

    private readonly string? _profile;
    private readonly string? _file;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private AWSCredentials? _current; // Guarded by _lock.
    private long _loadedAt; // Guarded by _lock.

    /// <param name="profile">The profile; null for the chain.</param>
    /// <param name="file">The file that holds it; null for the SDK's own places.</param>
    /// <param name="time">Spaces look-ups.</param>
    internal S3Credentials(string? profile, string? file, TimeProvider time)
    {
        _profile = profile;
        _file = file;
        _time = time;
    }

    /// <inheritdoc/>
    public override ImmutableCredentials GetCredentials() => Current().GetCredentials();

    /// <inheritdoc/>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => Current().GetCredentialsAsync();

    /// <summary>Looks the credentials up again. Whether they are others now.</summary>
    internal bool Reload()
    {
        lock (_lock)
        {
            if (_current is not null && _time.GetElapsedTime(_loadedAt) < ShortestReload)
            {
                return false;
            }

            ImmutableCredentials? former = Former();
            _current = null;
            return !CurrentLocked().GetCredentials().Equals(former);
        }
    }

    private AWSCredentials Current()
    {
        lock (_lock)
        {
            return CurrentLocked();
        }
    }

    private AWSCredentials CurrentLocked()
    {
        if (_current is null)
        {
            _current = Load();
            _loadedAt = _time.GetTimestamp();
        }

        return _current;
    }

    // Expired ones that cannot be renewed are none.
    private ImmutableCredentials? Former()
    {
        try
        {
            return _current?.GetCredentials();
        }
        catch (AmazonClientException)
        {
            return null;
        }
    }

    // What the SDK says of a file that it cannot read quotes the file, secrets included: nothing of it goes on.
    private AWSCredentials Load()
    {
        try
        {
            return Find();
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new AmazonClientException("the credentials' file cannot be read");
        }
    }

    private AWSCredentials Find()
    {
        if (_profile is null)
        {
            return new DefaultAWSCredentialsIdentityResolver().ResolveIdentity(new Amazon.S3.AmazonS3Config());
        }

        return new CredentialProfileStoreChain(_file).TryGetAWSCredentials(_profile, out AWSCredentials found)
            ? found
            : throw new AmazonClientException("there is no such profile");
    }
}
