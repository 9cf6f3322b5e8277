using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>The text of key files, and what becomes of each way to damage it.</summary>
public sealed class KeyFileTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    [Fact]
    public void Read_WhatWasWritten_IsTheKey()
    {
        Assert.Equal(KeyError.None, Read(Text(), out byte[] key));
        Assert.Equal(Key, key);
    }

    [Fact]
    public void Read_EveryCharacterChanged_IsRefused()
    {
        string text = Text();
        for (int i = 0; i < text.TrimEnd().Length; i++)
        {
            char changed = text[i] == '7' ? '3' : '7';
            string damaged = text.Remove(i, 1).Insert(i, changed.ToString());

            Assert.True(Read(damaged, out _) is KeyError.KeyDamaged or KeyError.KeyNewerFormat, $"character {i}");
        }
    }

    [Fact]
    public void Read_EveryTruncation_IsDamaged()
    {
        string text = Text().TrimEnd();
        for (int length = 0; length < text.Length; length++)
        {
            Assert.Equal(KeyError.KeyDamaged, Read(text[..length], out _));
        }
    }

    [Fact]
    public void Read_LineEndsOfWindowsAndBlanks_IsTheKey()
    {
        Assert.Equal(KeyError.None, Read(Text().Replace("\n", " \r\n", StringComparison.Ordinal) + "\r\n\n", out _));
        Assert.Equal(KeyError.None, Read(Text().TrimEnd(), out _));
    }

    [Fact]
    public void Read_MoreText_IsDamaged() => Assert.Equal(KeyError.KeyDamaged, Read(Text() + "more\n", out _));

    [Theory]
    [InlineData("hipaafs-key-2", KeyError.KeyNewerFormat)]
    [InlineData("hipaafs-key-17", KeyError.KeyNewerFormat)]
    [InlineData("hipaafs-key-0", KeyError.KeyDamaged)]
    [InlineData("hipaafs-key-x", KeyError.KeyDamaged)]
    [InlineData("HIPAAFS-KEY-1", KeyError.KeyDamaged)]
    public void Read_AnotherMagic_IsToldApart(string magic, KeyError expected) =>
        Assert.Equal(expected, Read(Text().Replace("hipaafs-key-1", magic, StringComparison.Ordinal), out _));

    private static string Text()
    {
        byte[] text = new byte[KeyFile.MaxSize];
        return Encoding.ASCII.GetString(text, 0, KeyFile.Write(Key, text));
    }

    private static KeyError Read(string text, out byte[] key)
    {
        key = new byte[32];
        return KeyFile.TryRead(Encoding.ASCII.GetBytes(text), key);
    }
}
