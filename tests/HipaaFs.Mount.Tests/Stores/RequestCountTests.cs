using System.Globalization;
using System.Text.Json;
using HipaaFs.Mount.Tests.Recovery;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>How many requests a store is asked for what programs do: with a cloud each has its price and its round trip.</summary>
/// <remarks>HIPAAFS_COUNTED_MEBIBYTES (512) is the size of the file that is read.</remarks>
public sealed class RequestCountTests
{
    private const long MiB = 1L << 20;
    private const double MostGetsPerGibibyte = 150;
    private const double MostGetsAtStart = 16; // Until a reader is known to read on, it is given little.
    private const double MostBytesPerByte = 1.05;
    private const int MostPuts = 20;

    [Fact]
    public async Task Read_OfALargeFileFromTheStart_TakesFewRequestsAndNoByteTwice()
    {
        long size = Setting("HIPAAFS_COUNTED_MEBIBYTES", 512) * MiB;
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync($"head -c {size} /dev/urandom > large && sha256sum large > sum");
        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf -- volume/cache", volume.Work);
        await volume.MountAsync();
        JsonElement before = await MountFigures.ReadAsync(volume);

        await volume.ShellAsync("sha256sum -c --quiet sum");

        JsonElement after = await MountFigures.ReadAsync(volume);
        double gibibytes = size / (double)(1L << 30);
        long gets = Difference(before, after, "fetches");
        double bytes = Difference(before, after, "fetchedBytes") / (double)size;
        Assert.True(gets <= (MostGetsPerGibibyte * gibibytes) + MostGetsAtStart, string.Create(CultureInfo.InvariantCulture, $"{gets} GETs, {gets / gibibytes:F0} a GiB"));
        Assert.True(bytes <= MostBytesPerByte, string.Create(CultureInfo.InvariantCulture, $"{bytes:F3} bytes fetched for each byte read"));
        Assert.True(gets > 1, "nothing was fetched");
    }

    [Fact]
    public async Task Write_OfAThousandSmallFiles_SharesObjects()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("sync");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        int before = Objects(volume);
        await volume.ShellAsync("mkdir study; for i in $(seq 1000); do head -c 65536 /dev/urandom > study/$i; done");
        await volume.UnmountAsync();

        Assert.InRange(Objects(volume) - before, 1, MostPuts); // Each is one PUT where a store takes 64 MiB in one, and else less than five.
    }

    private static long Difference(JsonElement before, JsonElement after, string figure) =>
        after.GetProperty(figure).GetInt64() - before.GetProperty(figure).GetInt64();

    private static int Objects(MountedVolume volume) => Directory.GetFiles(volume.Store, "*", SearchOption.AllDirectories).Length;

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
