namespace HipaaFs.Shipping;

/// <summary>The first line of a manifest: whose objects these are. It holds no names of files, and no secret.</summary>
/// <param name="Schema">Of the manifest: <see cref="Current"/>.</param>
/// <param name="Volume">The volume's id, which the store that gets them must have.</param>
public sealed record ShipmentLabel(int Schema, Guid Volume)
{
    /// <summary>The schema that this version writes.</summary>
    public const int Current = 1;
}
