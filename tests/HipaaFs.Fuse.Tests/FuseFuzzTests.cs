using HipaaFs.Fuzz.Fuse;
using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class FuseFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20260101)]
    public void Dispatch_MutatedRequests_AreAllAnswered(int seed)
    {
        using var fuzzer = new FuseFuzzer(seed);
        for (int iteration = 0; iteration < 30_000; iteration++)
        {
            string? problem = fuzzer.Step();
            Assert.True(problem is null, $"seed {seed}, iteration {iteration}: {problem}");
        }
    }
}
