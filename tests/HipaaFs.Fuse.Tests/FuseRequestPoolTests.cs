using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class FuseRequestPoolTests
{
    [Fact]
    public async Task Rent_WhenAllAreTaken_WaitsForOne()
    {
        using var pool = new FuseRequestPool(2, 2, 1, 65536, TimeProvider.System);
        FuseRequest first = pool.Rent();
        FuseRequest second = pool.Rent();
        Task<FuseRequest> third = Task.Run(pool.Rent);

        Assert.False(third.IsCompleted);
        pool.Return(first);

        Assert.Same(first, await third);
        pool.Return(first);
        pool.Return(second);
    }

    [Fact]
    public async Task Rent_WhenWritesFillTheReserve_WaitsForOne()
    {
        using var pool = new FuseRequestPool(64, 1, 1, 65536, TimeProvider.System);
        FuseRequest request = pool.Rent();
        for (int write = 0; write < 1 + FuseRequestPool.WriteReserve; write++)
        {
            Assert.True(pool.TryEnterLarge(request, isWrite: true));
        }

        Task<FuseRequest> next = Task.Run(pool.Rent);
        Assert.False(next.IsCompleted);
        pool.LeaveLarge(isWrite: true);

        pool.Return(await next);
        pool.Return(request);
    }

    [Fact]
    public void TryEnterLarge_WritesInTheWay_LetsReadsPass()
    {
        using var pool = new FuseRequestPool(64, 1, 1, 65536, TimeProvider.System);
        FuseRequest write = pool.Rent();
        FuseRequest read = pool.Rent();
        for (int count = 0; count < FuseRequestPool.WriteReserve; count++)
        {
            Assert.True(pool.TryEnterLarge(write, isWrite: true));
        }

        Assert.True(pool.TryEnterLarge(read, isWrite: false));
        pool.LeaveLarge(isWrite: false);
        pool.Return(read);
        pool.Return(write);
    }

    [Fact]
    public unsafe void TrimIdle_BlocksUnusedSinceTheLastCall_GiveTheirPagesBack()
    {
        using var pool = new FuseRequestPool(4, 4, 4, 65536, TimeProvider.System);
        FuseRequest[] requests = [pool.Rent(), pool.Rent(), pool.Rent()];
        foreach (FuseRequest request in requests)
        {
            Assert.True(pool.TryEnterLarge(request, isWrite: false));
            request.Block.Start[RequestBlock.PageSize] = 1;
            pool.LeaveLarge(isWrite: false);
            pool.Return(request);
        }

        pool.TrimIdle();
        FuseRequest used = pool.Rent();
        pool.Return(used);
        pool.TrimIdle();

        Assert.Equal(1, requests.Count(request => request.IsWarm));
        Assert.True(used.IsWarm);
        Assert.Equal(1, requests.Sum(request => request.Block.Start[RequestBlock.PageSize]));
    }

    [Fact]
    public void Return_WithMoreWarmBlocksThanCanBeInUse_TrimsAtOnce()
    {
        const int Limit = 1 + FuseRequestPool.WarmReserve + 1;
        using var pool = new FuseRequestPool(32, 1, 1, 65536, TimeProvider.System);
        var requests = new List<FuseRequest>();
        for (int count = 0; count < Limit + 5; count++)
        {
            FuseRequest request = pool.Rent();
            pool.TryEnterLarge(request, isWrite: false);
            pool.LeaveLarge(isWrite: false);
            requests.Add(request);
        }

        requests.ForEach(pool.Return);

        Assert.Equal(Limit, requests.Count(request => request.IsWarm));
    }
}
