namespace HipaaFs.Shipping;

/// <summary>How far a step of a shipment is.</summary>
/// <param name="Bytes">Bytes looked at so far.</param>
/// <param name="TotalBytes">Of so many.</param>
public readonly record struct ShipmentProgress(long Bytes, long TotalBytes);
