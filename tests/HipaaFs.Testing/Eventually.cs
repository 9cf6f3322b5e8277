namespace HipaaFs.Testing;

/// <summary>Waits for a state that comes by itself and that nothing announces.</summary>
/// <remarks>The limit only ends a test that hangs: it is far above what a machine under load needs, and no result depends on it.</remarks>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until <paramref name="isSo"/> holds; the test fails, naming <paramref name="what"/>, when it never does.</summary>
    public static Task TrueAsync(Func<bool> isSo, string what) => TrueAsync(() => Task.FromResult(isSo()), what);

    /// <summary>Waits until <paramref name="isSo"/> holds; the test fails, naming <paramref name="what"/>, when it never does.</summary>
    public static async Task TrueAsync(Func<Task<bool>> isSo, string what)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > Limit)
            {
                Xunit.Assert.Fail($"after {Limit.TotalSeconds} s still not so: {what}");
            }

            await Task.Delay(Pause);
        }
    }
}
