namespace HipaaFs.Metadata.Changes;

/// <summary>Encodes rows for the change stream.</summary>
public static class ChangeCodec
{
    /// <summary>Version of the encoding.</summary>
    public const ushort Version = 1;
}
