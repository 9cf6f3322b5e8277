namespace HipaaFs.Cli.Policies;

/// <summary>A key with its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Place">Where the key begins.</param>
/// <param name="Value">What follows it.</param>
internal sealed record PolicyMember(string Key, PolicyPlace Place, PolicyNode Value);
