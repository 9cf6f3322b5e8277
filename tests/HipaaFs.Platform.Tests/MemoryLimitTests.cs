using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class MemoryLimitTests : IDisposable
{
    private const long Gibibyte = 1L << 30;

    private readonly ScratchDirectory _scratch = new();

    public MemoryLimitTests() => Write("proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Detect_ThisMachine_IsPlausible()
    {
        MemoryLimit limit = MemoryLimit.Detect();
        Assert.InRange(limit.Bytes, 16L << 20, 1L << 50);
    }

    [Fact]
    public void NoGroups_IsThePhysicalMemory()
    {
        Assert.Equal(new MemoryLimit(8 * Gibibyte, MemoryLimitSource.Physical), Detect());
    }

    [Theory]
    [InlineData("max", "max", 8 * Gibibyte, MemoryLimitSource.Physical)]
    [InlineData("1073741824", "max", Gibibyte, MemoryLimitSource.CgroupV2)]
    [InlineData("max", "2147483648", 2 * Gibibyte, MemoryLimitSource.CgroupV2)]
    [InlineData("99999999999999", "max", 8 * Gibibyte, MemoryLimitSource.Physical)]
    public void Version2_SmallestOfGroupAndParents(string own, string parents, long expected, MemoryLimitSource source)
    {
        Write("proc/self/cgroup", "0::/user/daemon\n");
        Write("cgroup/user/daemon/memory.max", own + "\n");
        Write("cgroup/user/memory.max", parents + "\n");

        Assert.Equal(new MemoryLimit(expected, source), Detect());
    }

    [Fact]
    public void Version2_High_CountsToo()
    {
        Write("proc/self/cgroup", "0::/\n");
        Write("cgroup/memory.max", "2147483648\n");
        Write("cgroup/memory.high", "1073741824\n");

        Assert.Equal(new MemoryLimit(Gibibyte, MemoryLimitSource.CgroupV2), Detect());
    }

    [Fact]
    public void Version2_GroupOutsideWhatIsMounted_FallsBackToTheRoot()
    {
        Write("proc/self/cgroup", "0::/somewhere/on/the/host\n");
        Write("cgroup/memory.max", "1073741824\n");

        Assert.Equal(new MemoryLimit(Gibibyte, MemoryLimitSource.CgroupV2), Detect());
    }

    [Theory]
    [InlineData("1073741824", Gibibyte, MemoryLimitSource.CgroupV1)]
    [InlineData("9223372036854771712", 8 * Gibibyte, MemoryLimitSource.Physical)]
    public void Version1_LimitInBytes(string own, long expected, MemoryLimitSource source)
    {
        Write("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/1\nnonsense\n");
        Write("cgroup/memory/docker/1/memory.limit_in_bytes", own + "\n");

        Assert.Equal(new MemoryLimit(expected, source), Detect());
    }

    private MemoryLimit Detect() => MemoryLimit.Detect(_scratch["proc"], _scratch["cgroup"]);

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_scratch[path])!);
        File.WriteAllText(_scratch[path], content);
    }
}
