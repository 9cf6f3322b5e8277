using HipaaFs.Testing.Model;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Model;

public sealed class ModelShrinkerTests
{
    private readonly ManualTimeProvider _clock = new();
    private int _runs;

    [Fact]
    public async Task Shrink_TwoThatFailTogether_AreLeft()
    {
        IReadOnlyList<ModelCommand> shortest = await ShrinkAsync(maxRuns: 1000);

        Assert.Equal([17, 700], shortest.Select(static command => command.Value));
    }

    [Fact]
    public async Task Shrink_WhatWasNotDone_IsNotTriedAgain()
    {
        IReadOnlyList<ModelCommand> shortest = await ShrinkAsync(maxRuns: 0);

        Assert.Equal(701, shortest.Count);
        Assert.Equal(0, _runs);
    }

    [Fact]
    public async Task Shrink_RunsThatTakeLong_EndsInTime()
    {
        IReadOnlyList<ModelCommand> shortest = await ShrinkAsync(maxRuns: 1000, TimeSpan.FromMinutes(1));

        Assert.Equal(4, _runs); // No fifth begins after four minutes.
        Assert.InRange(shortest.Count, 2, 700);
    }

    // Of a thousand operations the one with 700 fails when that with 17 was done before.
    private async Task<IReadOnlyList<ModelCommand>> ShrinkAsync(int maxRuns, TimeSpan perRun = default)
    {
        ModelCommand[] commands = [.. Enumerable.Range(0, 1000).Select(static value => new ModelCommand(ModelVerb.Write) { Value = value })];
        var shrinker = new ModelShrinker(
            shorter =>
            {
                _runs++;
                _clock.Advance(perRun);
                return Task.FromResult(Failure(shorter));
            },
            maxRuns,
            TimeSpan.FromMinutes(4),
            _clock);
        return await shrinker.ShrinkAsync(commands, Failure(commands)!);
    }

    private static ModelDivergenceException? Failure(IReadOnlyList<ModelCommand> commands)
    {
        int[] values = [.. commands.Select(static command => command.Value)];
        int first = Array.IndexOf(values, 17);
        int failed = Array.IndexOf(values, 700);
        return first >= 0 && failed > first ? new ModelDivergenceException("both") { Done = [.. commands.Take(failed + 1)] } : null;
    }
}
