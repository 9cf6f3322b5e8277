namespace HipaaFs.Shipping;

/// <summary>How a shipment is written.</summary>
/// <param name="CountsOnly">Whether nothing is written.</param>
/// <param name="StartsAnew">Whether what is noted as being on earlier disks is forgotten first: they were lost.</param>
public readonly record struct ShipmentStep(bool CountsOnly, bool StartsAnew);
