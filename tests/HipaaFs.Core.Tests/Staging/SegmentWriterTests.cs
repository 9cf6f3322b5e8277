using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Staging;
using HipaaFs.Testing.Storage;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Core.Tests.Staging;

public sealed class SegmentWriterTests : IDisposable
{
    private static readonly byte[] RootKey = RandomNumberGenerator.GetBytes(32);

    private readonly ScratchDirectory _scratch = new();
    private readonly SegmentHeader _header = new(SegmentId.NewRandom(), EpochId.NewRandom(), RecordClass.Data);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1)] // in the middle of a batch of frames
    [InlineData(40)]
    public void Write_DiskFullBetweenRuns_KeepsTheRunsThatHadEnded(int failures)
    {
        int left = failures;
        string path = _scratch["segment"];
        SafeFileHandle file = DurableFile.CreatePrivate(path);
        using var writer = new SegmentWriter(_header, new SegmentCipher(RootKey, _header), file, _ => left-- > 0 ? 0 : null);
        var extents = new List<(Extent Extent, byte[] Content)>();

        // 200 runs of 5,000 bytes: three to a frame, more than one batch of frames in all.
        for (int i = 0; i < 200; i++)
        {
            byte[] content = RandomNumberGenerator.GetBytes(5_000);
            extents.Add((Append(writer, i, content), content));
        }

        while (!TryFinish(writer))
        {
        }

        writer.Dispose();
        using var reader = new SegmentCipher(RootKey, _header);
        byte[] stored = File.ReadAllBytes(path);
        Assert.Equal(SHA256.HashData(stored), writer.Sha256.ToArray());
        foreach ((Extent extent, byte[] content) in extents)
        {
            Assert.Equal(content, Read(reader, stored, extent));
        }
    }

    // As writeback does: a run that the disk refused is given up and sealed again later, elsewhere in the segment.
    private static Extent Append(SegmentWriter writer, int number, byte[] content)
    {
        while (true)
        {
            try
            {
                Assert.Equal(content.Length, writer.BeginRun((ulong)number + 2, 0, content.Length));
                writer.Write(content);
                return writer.EndRun();
            }
            catch (IOException)
            {
                // Tried again.
            }
        }
    }

    private static bool TryFinish(SegmentWriter writer)
    {
        try
        {
            writer.Finish();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static byte[] Read(SegmentCipher cipher, byte[] stored, Extent extent)
    {
        long frame = extent.PlaintextOffset / SegmentFormat.FrameSize;
        int at = (int)SegmentFormat.SealedFrameOffset(frame);
        int sealedLength = (int)Math.Min(SegmentFormat.SealedFrameSize, SegmentFormat.FramesEnd(PlaintextLength(stored)) - at);
        byte[] plain = new byte[sealedLength - SegmentFormat.TagSize];
        Assert.True(cipher.TryOpenFrame((ulong)frame, stored.AsSpan(at, sealedLength), plain));
        return plain.AsSpan((int)(extent.PlaintextOffset % SegmentFormat.FrameSize), (int)extent.Length).ToArray();
    }

    private static long PlaintextLength(byte[] stored)
    {
        Assert.True(SegmentTrailer.TryRead(stored.AsSpan(stored.Length - SegmentFormat.TrailerSize), out SegmentTrailer trailer));
        Assert.True(SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out long length));
        return length;
    }
}
