namespace HipaaFs.Testing.Model;

/// <summary>A content that a file had at one time.</summary>
/// <param name="Bytes">The bytes; never changed.</param>
/// <param name="Modified">Seconds since the epoch, when the time of modification was set and nothing was written since; else null.</param>
public sealed record ModelContent(byte[] Bytes, long? Modified)
{
    public static ModelContent Empty { get; } = new([], null);

    public ModelContent Write(int offset, ReadOnlySpan<byte> content)
    {
        byte[] bytes = Sized(Math.Max(Bytes.Length, offset + content.Length));
        content.CopyTo(bytes.AsSpan(offset));
        return new ModelContent(bytes, null);
    }

    public ModelContent Resize(int length) => new(Sized(length), null);

    public ModelContent Zero(int offset, int length, bool grow)
    {
        byte[] bytes = Sized(grow ? Math.Max(Bytes.Length, offset + length) : Bytes.Length);
        int end = Math.Min(bytes.Length, offset + length);
        if (offset < end)
        {
            bytes.AsSpan(offset..end).Clear();
        }

        return new ModelContent(bytes, null);
    }

    /// <summary>This content before an offset, and another one behind it.</summary>
    public ModelContent EndingAs(ModelContent other, int offset)
    {
        byte[] bytes = [.. other.Bytes];
        bytes.AsSpan(0, offset).Clear();
        Bytes.AsSpan(0, Math.Min(offset, Bytes.Length)).CopyTo(bytes);
        return new ModelContent(bytes, null);
    }

    private byte[] Sized(int length)
    {
        byte[] bytes = new byte[length];
        Bytes.AsSpan(0, Math.Min(length, Bytes.Length)).CopyTo(bytes);
        return bytes;
    }
}
