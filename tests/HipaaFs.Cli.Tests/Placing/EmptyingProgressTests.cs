using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

public sealed class EmptyingProgressTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Describe_FromCopyingToDeleting_SaysThatEverythingIsCopiedAndUntilWhenDeletionWaits()
    {
        var progress = new EmptyingProgress(Change(surplus: 100, toCopy: 60), _time);
        Assert.Equal(new ProgressUpdate("copy", 40, 100, "bytes"), Assert.Single(progress.Describe(Change(surplus: 100, toCopy: 60))));

        List<ProgressUpdate> copied = progress.Describe(Change(surplus: 100, toCopy: 0));
        string until = _time.GetUtcNow().AddMinutes(10).ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(new ProgressUpdate("copy", 100, 100, "bytes"), copied[0]);
        Assert.Equal(new ProgressUpdate($"everything is copied; deletion waits until {until} UTC or so", 0, 600, "seconds"), copied[1]);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(copied[1] with { Done = 240 }, Assert.Single(progress.Describe(Change(surplus: 100, toCopy: 0))));

        _time.Advance(TimeSpan.FromMinutes(7));
        Assert.Equal(new ProgressUpdate("delete", 75, 100, "bytes"), Assert.Single(progress.Describe(Change(surplus: 25, toCopy: 0))));
    }

    [Fact]
    public void Describe_FilesAreLeftToMove_IsStillCopying()
    {
        var progress = new EmptyingProgress(Change(surplus: 100, toCopy: 0), _time);

        Assert.Equal("copy", Assert.Single(progress.Describe(Change(surplus: 100, toCopy: 0) with { FilesToMove = 3 })).Stage);
    }

    private static StoreChange Change(long surplus, long toCopy) => new(
        new StoreReport(1, "b", "file:///b", "eu", false, null, Count(surplus), Count(0), Count(surplus), Count(0), Count(0), []), null, [], Count(toCopy), null)
    { FilesToMove = 0 };

    private static SegmentCount Count(long bytes) => new(bytes > 0 ? 1 : 0, bytes);
}
