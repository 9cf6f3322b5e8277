namespace HipaaFs.Cli.Policies;

/// <summary>The quota of a tree. A rule further down adds its own; both count.</summary>
/// <param name="Total">For everybody together.</param>
/// <param name="EachUser">For each user that <paramref name="Users"/> does not name; null for no limit.</param>
/// <param name="Users">For single users, by name or number.</param>
internal sealed record PolicyQuota(QuotaLimit Total, QuotaLimit? EachUser, IReadOnlyDictionary<string, QuotaLimit> Users)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Join("; ", new[]
    {
        Total is { Bytes: null, Files: null } ? null : Total.ToString(),
        EachUser is null ? null : $"each user {EachUser}",
    }.OfType<string>().Concat(Users.Select(static user => $"{user.Key} {user.Value}")));
}
