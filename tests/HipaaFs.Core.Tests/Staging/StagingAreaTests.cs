using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Staging;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Staging;

/// <summary>What staging counts as held.</summary>
public sealed class StagingAreaTests
{
    [Fact]
    public void Summary_OfASegmentJustBegun_CountsItWhenItHoldsSomething()
    {
        using var scratch = new ScratchDirectory();
        var staging = new StagingArea(new StagingOptions { Directory = scratch["staging"] });
        var row = new SegmentRow { Id = SegmentId.NewRandom(), State = SegmentState.Staged };
        DateTimeOffset since = DateTimeOffset.UnixEpoch;

        staging.Add(row, since, 0);
        Assert.Equal((0, null), staging.Summary);

        staging.Grow(row.Id, 100);
        Assert.Equal((1, since), staging.Summary);
    }

    [Fact]
    public void HasSpareRoomForWhole_OfMoreThanAHalf_WhenLittleElseIsHeld()
    {
        using var scratch = new ScratchDirectory();
        var staging = new StagingArea(new StagingOptions { Directory = scratch["staging"], MaxBytes = 512 << 20 });
        Directory.CreateDirectory(scratch["staging"]);
        var row = new SegmentRow { Id = SegmentId.NewRandom(), State = SegmentState.Staged };
        staging.Add(row, DateTimeOffset.UnixEpoch, 0);
        const long archived = 320 << 20;

        Assert.True(staging.HasSpareRoomForWhole(archived));
        staging.Grow(row.Id, 65 << 20);
        Assert.False(staging.HasSpareRoomForWhole(archived));
        Assert.True(staging.HasSpareRoomForWhole(100 << 20));
    }
}
