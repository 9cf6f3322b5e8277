using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class ObjectKeyTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("volume.json")]
    [InlineData("seg/0f/0123456789abcdef")]
    [InlineData("a_b-c.d/e.")]
    [InlineData("0/1/2/3/4/5/6/7/8/9")]
    public void Key_WellFormed_KeepsItsText(string text)
    {
        Assert.Equal(text, new ObjectKey(text).Value);
        Assert.True(ObjectKey.TryParse(text, out ObjectKey parsed));
        Assert.Equal(new ObjectKey(text), parsed);
        Assert.Equal(text, parsed.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData(".tmp-1")]
    [InlineData("seg/.tmp-1")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("a\0")]
    [InlineData("ä")]
    [InlineData("a?b")]
    [InlineData("a%2fb")]
    public void Key_Malformed_IsRefused(string? text)
    {
        Assert.False(ObjectKey.TryParse(text, out ObjectKey parsed));
        Assert.Equal(default, parsed);
        Assert.ThrowsAny<ArgumentException>(() => new ObjectKey(text!));
    }

    [Fact]
    public void Key_LengthLimits_AreExact()
    {
        string segment = new('a', 255);
        Assert.True(ObjectKey.TryParse(segment, out _));
        Assert.False(ObjectKey.TryParse(segment + "a", out _));
        Assert.True(ObjectKey.TryParse(segment + "/" + segment + "/", out _) is false);
        Assert.True(ObjectKey.TryParse(segment + "/" + segment[..254] + "/a", out _));
        Assert.False(ObjectKey.TryParse(segment + "/" + segment + "/aa", out _));
    }

    [Fact]
    public void Key_Order_IsThatOfBytes()
    {
        string[] texts = ["a/b", "a-b", "a.b", "a0", "a_b", "ab", "a"];
        ObjectKey[] keys = [.. texts.Select(text => new ObjectKey(text)).Order()];
        Assert.Equal(texts.Order(StringComparer.Ordinal), keys.Select(key => key.Value));
        Assert.True(keys[0] < keys[1] && keys[1] > keys[0] && keys[0] <= keys[1] && keys[1] >= keys[0]);
    }

    [Fact]
    public void EntityTag_Accepts_AnyOrEqual()
    {
        Assert.True(EntityTag.Any.IsAny);
        Assert.True(new EntityTag(string.Empty).IsAny);
        Assert.True(EntityTag.Any.Accepts(new EntityTag("x")));
        Assert.True(new EntityTag("x").Accepts(new EntityTag("x")));
        Assert.False(new EntityTag("x").Accepts(new EntityTag("X")));
        Assert.False(new EntityTag("x").Accepts(EntityTag.Any));
    }
}
