namespace HipaaFs.Core.Tests.Content;

/// <summary>What a file must hold: the reference the file system is compared with.</summary>
internal sealed class ModelFile(string name)
{
    private byte[] _content = [];

    public string Name { get; } = name;

    public HandleId Handle { get; set; }

    public int Length => _content.Length;

    public ReadOnlySpan<byte> Content => _content;

    public void Write(int offset, ReadOnlySpan<byte> content)
    {
        Grow(offset + content.Length);
        content.CopyTo(_content.AsSpan(offset));
    }

    public void Resize(int length) => Array.Resize(ref _content, length);

    public void Zero(int offset, int length, bool grow)
    {
        if (grow)
        {
            Grow(offset + length);
        }

        int end = Math.Min(_content.Length, offset + length);
        if (offset < end)
        {
            _content.AsSpan(offset..end).Clear();
        }
    }

    private void Grow(int length)
    {
        if (length > _content.Length)
        {
            Resize(length);
        }
    }
}
