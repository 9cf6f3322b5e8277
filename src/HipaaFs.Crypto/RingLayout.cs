namespace HipaaFs.Crypto;

/// <summary>Offsets and sizes of the key ring document, format 1.</summary>
internal static class RingLayout
{
    public const ushort Version = 1;
    public const int FormatOffset = 8;
    public const int ReservedOffset = 10;
    public const int LengthOffset = 12;
    public const int VolumeOffset = 16;
    public const int GenerationOffset = 32;
    public const int CreatedOffset = 40;
    public const int PreviousOffset = 48;
    public const int GuardCountOffset = 80;
    public const int DomainCountOffset = 84;
    public const int KeyCountOffset = 88;
    public const int SecondReservedOffset = 92;
    public const int PreambleHashOffset = 96;
    public const int PreambleHashSize = 8;
    public const int PreambleSize = PreambleHashOffset + PreambleHashSize;
    public const int HashSize = 32;
    public const int MacSize = 32;
    public const int GuardSize = 8;
    public const int WrapFixedSize = 32;
    public const int DomainSize = 32;
    public const int MaxKindLength = 32;
    public const int MaxLabelLength = 128;
    public const int MaxLength = 1 << 26;

    /// <summary>The last millisecond of the year 9999, beyond which a time cannot be shown.</summary>
    public const long MaxTime = 253_402_300_799_999;
    public const int MinLength = PreambleSize + MacSize + HashSize;

    public static ReadOnlySpan<byte> Magic => "HIPAARNG"u8;
}
