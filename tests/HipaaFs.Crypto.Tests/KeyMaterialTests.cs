using System.Security.Cryptography;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>The small parts that hold and seal keys.</summary>
public sealed class KeyMaterialTests
{
    private static readonly byte[] SealingKey = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    [Fact]
    public void Box_Opened_IsTheKey()
    {
        byte[] box = Seal();
        byte[] opened = new byte[32];

        Assert.True(KeyBox.TryOpen(SealingKey, box, "context"u8, opened));
        Assert.Equal(Key, opened);
        Assert.NotEqual(box, Seal());
    }

    [Fact]
    public void Box_AnyBitFlipped_DoesNotOpen()
    {
        byte[] box = Seal();
        byte[] opened = new byte[32];
        for (int bit = 0; bit < box.Length * 8; bit++)
        {
            box[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(KeyBox.TryOpen(SealingKey, box, "context"u8, opened));
            Assert.False(opened.AsSpan().ContainsAnyExcept((byte)0));
            box[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Box_OtherContextOrLength_DoesNotOpen()
    {
        byte[] opened = new byte[32];

        Assert.False(KeyBox.TryOpen(SealingKey, Seal(), "other"u8, opened));
        Assert.False(KeyBox.TryOpen(SealingKey, Seal().AsSpan(1), "context"u8, opened));
        Assert.False(KeyBox.TryOpen(SealingKey, [], "context"u8, opened));
    }

    [Fact]
    public void SecretSlots_ManyKeys_DoNotOverlap()
    {
        using var slots = new SecretSlots();
        var taken = new List<Memory<byte>>();
        for (int i = 0; i < 300; i++)
        {
            taken.Add(slots.Add());
            Assert.False(taken[i].Span.ContainsAnyExcept((byte)0));
            taken[i].Span.Fill((byte)i);
        }

        for (int i = 0; i < taken.Count; i++)
        {
            Assert.Equal(32, taken[i].Length);
            Assert.False(taken[i].Span.ContainsAnyExcept((byte)i));
        }
    }

    [Fact]
    public void SecretSlots_Disposed_GivesNothingAway()
    {
        var slots = new SecretSlots();
        Memory<byte> key = slots.Add();
        slots.Dispose();

        Assert.Throws<ObjectDisposedException>(() => key.Span[0]);
    }

    [Fact]
    public void KeyedHash_Finish_IsHmacSha256()
    {
        using var hash = new KeyedHash(Key);
        IncrementalHash first = hash.Rent();
        IncrementalHash second = hash.Rent();
        first.AppendData("a"u8);
        second.AppendData("b"u8);

        Assert.Equal(NameTag.Read(HMACSHA256.HashData(Key, "a"u8)), hash.Finish(first));
        Assert.Equal(NameTag.Read(HMACSHA256.HashData(Key, "b"u8)), hash.Finish(second));
    }

    [Fact]
    public void KeyedHash_Disposed_RentsNothing()
    {
        var hash = new KeyedHash(Key);
        IncrementalHash rented = hash.Rent();
        hash.Dispose();
        hash.Finish(rented);

        Assert.Throws<ObjectDisposedException>(hash.Rent);
        Assert.Throws<ObjectDisposedException>(() => rented.AppendData("a"u8));
    }

    [Fact]
    public async Task KeyRing_ReadWhileItChanges_StaysWhole()
    {
        using KeyRing ring = KeyRing.Create(Guid.NewGuid());
        EpochId first = ring.CurrentEpoch(DomainId.Root);
        byte[] root = ring.RootKey(first).ToArray();
        using var stop = new CancellationTokenSource();
        Task reader = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.True(ring.RootKey(first).SequenceEqual(root));
                Assert.True(ring.Holds(ring.CurrentEpoch(DomainId.Root)));
            }
        });

        for (int i = 0; i < 500; i++)
        {
            ring.BeginEpoch(DomainId.Root);
            ring.AddDomain();
        }

        await stop.CancelAsync();
        await reader;
        Assert.Equal(501, ring.Epochs.Count(epoch => epoch.Domain == DomainId.Root));
    }

    private static byte[] Seal()
    {
        byte[] box = new byte[KeyBox.Size];
        KeyBox.Seal(SealingKey, Key, "context"u8, box);
        return box;
    }
}
