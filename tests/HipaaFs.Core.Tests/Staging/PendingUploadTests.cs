using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Staging;

namespace HipaaFs.Core.Tests.Staging;

public sealed class PendingUploadTests
{
    private static readonly byte[] Digest = new byte[32];

    [Theory]
    [InlineData(SegmentState.Staged, true, 0, true)]
    [InlineData(SegmentState.Staged, true, 1, false)] // It has failed: the store may have it.
    [InlineData(SegmentState.Staged, false, 0, false)] // Of a session before, which may have tried.
    [InlineData(SegmentState.Live, true, 0, false)] // It was in the store, and replaces what is bad there.
    public void IsFirstTry_OnlyOfWhatNobodyCanHaveSent(SegmentState state, bool isSealedHere, int seconds, bool expected)
    {
        var row = new SegmentRow { Id = SegmentId.NewRandom(), State = state };
        var staged = new StagedSegment(row, "segment", DateTimeOffset.UnixEpoch) { Sha256 = isSealedHere ? Digest : default };

        var upload = new PendingUpload(1, staged) { Delay = TimeSpan.FromSeconds(seconds) };

        Assert.Equal(expected, upload.IsFirstTry);
    }

    [Fact]
    public void IsFirstTry_AfterAFailure_IsNotAgain()
    {
        var upload = new PendingUpload(1, new StagedSegment(new SegmentRow { State = SegmentState.Staged }, "segment", DateTimeOffset.UnixEpoch) { Sha256 = Digest });
        Assert.True(upload.IsFirstTry);
        upload.Delay = TimeSpan.FromMilliseconds(1);
        Assert.False(upload.IsFirstTry);
    }
}
