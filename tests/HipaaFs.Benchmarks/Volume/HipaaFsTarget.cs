using HipaaFs.Testing.Mounts;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>A HipaaFs mount with its default settings, store on the local filesystem.</summary>
internal sealed class HipaaFsTarget : IBenchmarkTarget
{
    private HipaaFsTarget(MountedVolume volume)
    {
        Volume = volume;
    }

    /// <inheritdoc/>
    public string Name => "hipaafs";

    /// <inheritdoc/>
    public string Root => Volume.Root;

    /// <summary>The mounted volume.</summary>
    public MountedVolume Volume { get; }

    /// <summary>Most memory that the daemon has had, in MiB: VmHWM of proc(5).</summary>
    public double PeakResidentMiB
    {
        get
        {
            string line = File.ReadLines($"/proc/{Volume.DaemonId}/status").First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
            string kibibytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2];
            return double.Parse(kibibytes, System.Globalization.CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>Makes and mounts one.</summary>
    public static async Task<HipaaFsTarget> MountAsync()
    {
        return new HipaaFsTarget(await MountedVolume.CreateAsync());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        return Volume.DisposeAsync();
    }
}
