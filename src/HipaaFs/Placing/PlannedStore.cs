namespace HipaaFs.Cli.Placing;

/// <summary>A store of the volume or of the policy.</summary>
/// <param name="Number">Its number, or the one that it gets.</param>
/// <param name="Name">Its name.</param>
/// <param name="Url">Where it is.</param>
/// <param name="Region">In which region, as the policy says; empty when it does not.</param>
/// <param name="Action">"keep", "name" (the volume knew it by another name or region), "register", or "unnamed": the policy does not name it any more.</param>
internal sealed record PlannedStore(int Number, string Name, string Url, string Region, string Action);
