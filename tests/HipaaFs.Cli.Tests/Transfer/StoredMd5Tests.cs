using System.Security.Cryptography;
using HipaaFs.Cli.Transfer;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Transfer;

/// <summary>A file's MD5 as its store took it.</summary>
public sealed class StoredMd5Tests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData(100, 1, new[] { 100L })]
    [InlineData(0, 1, new[] { 1L })]
    [InlineData((16 * MiB) - 1, 2, new[] { 8L * MiB, 15L * MiB, 10L * MiB })]
    [InlineData(57 * MiB, 4, new[] { 16L * MiB, 15L * MiB })]
    [InlineData(20 * MiB, 4, new[] { 5L * MiB })]
    [InlineData(700 * MiB, 10, new[] { 70L * MiB })] // Nothing usual fits, one multiple of a MiB does.
    [InlineData(100, 3, new long[0])]
    [InlineData(10, 20, new long[0])]
    public void PartLengthsOf_LengthAndParts_AreTheUsualOnesThatFit(long length, int parts, long[] expected) => Assert.Equal(expected, StoredMd5.PartLengthsOf(length, parts));

    [Theory]
    [InlineData(5 * MiB, 4)]
    [InlineData(8 * MiB, 2)]
    [InlineData(15 * MiB, 2)] // As 16 would be.
    public void IsMatch_OfParts_IsTrueForTheirContentAlone(int partLength, int parts)
    {
        byte[] content = new byte[(partLength * (parts - 1)) + 4711];
        new Random(parts).NextBytes(content);
        string tag = $"{Convert.ToHexString(Md5([.. content.Chunk(partLength).SelectMany(Md5)]))}-{parts}";
        PlainFile file = File(content.Length, tag);

        Assert.True(IsMatch(file, content));
        content[^1] ^= 1;
        Assert.False(IsMatch(file, content));
    }

    [Fact]
    public void IsMatch_OfTheWhole_IsTrueForItsContentAlone()
    {
        PlainFile file = File(3, Convert.ToHexStringLower(Md5([1, 2, 3])));

        Assert.True(IsMatch(file, [1, 2, 3]));
        Assert.False(IsMatch(file, [1, 2, 4]));
    }

    [Fact]
    public void Of_WithoutAnMd5OrWithPartsOfUnknownLength_IsNothing()
    {
        Assert.Null(StoredMd5.Of(File(100, null)));
        Assert.Null(StoredMd5.Of(File(100, new string('a', 32) + "-3")));
    }

    private static bool IsMatch(PlainFile file, byte[] content)
    {
        using StoredMd5 md5 = StoredMd5.Of(file)!;
        foreach (byte[] chunk in content.Chunk(3_000_001))
        {
            md5.Append(chunk);
        }

        return md5.IsMatch();
    }

#pragma warning disable CA5351 // As the stores have it.
    private static byte[] Md5(byte[] content) => MD5.HashData(content);
#pragma warning restore CA5351

    private static PlainFile File(long length, string? tag) => new("file", length, "version", DateTimeOffset.UnixEpoch) { Md5 = ContentMd5.OfEntityTag(tag) };
}
