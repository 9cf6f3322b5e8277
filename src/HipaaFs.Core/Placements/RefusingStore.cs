namespace HipaaFs.Placements;

/// <summary>A store that does not take what is brought to it.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Url">Where it is; never with a secret.</param>
/// <param name="Reason">Why, in words for people.</param>
public sealed record RefusingStore(int Number, string Name, string Url, string Reason);
