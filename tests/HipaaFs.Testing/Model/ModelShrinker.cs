namespace HipaaFs.Testing.Model;

/// <summary>Finds a short run that still fails in a long one, by leaving out ever smaller pieces (delta debugging).</summary>
/// <param name="findFailure">Does a run; null when it does not fail.</param>
/// <param name="maxRuns">Runs to try at most.</param>
/// <param name="maxTime">No run begins later than this after the first: a run of a mount takes seconds. What was found until then is the shortest.</param>
/// <param name="clock">What the time is taken from.</param>
public sealed class ModelShrinker(
    Func<IReadOnlyList<ModelCommand>, Task<ModelDivergenceException?>> findFailure, int maxRuns, TimeSpan maxTime, TimeProvider clock)
{
    private readonly long _start = clock.GetTimestamp();
    private List<ModelCommand> _kept = [];
    private int _runs;

    /// <summary>How the shortest run found fails.</summary>
    public string Failure { get; private set; } = string.Empty;

    /// <summary>Shortens a run that fails.</summary>
    public async Task<IReadOnlyList<ModelCommand>> ShrinkAsync(IReadOnlyList<ModelCommand> failing, ModelDivergenceException failure)
    {
        Keep([.. failing], failure);
        for (int piece = Math.Max(1, _kept.Count / 2); piece >= 1 && MayTry; piece /= 2)
        {
            int start = 0;
            while (start < _kept.Count && MayTry)
            {
                var without = new List<ModelCommand>(_kept);
                without.RemoveRange(start, Math.Min(piece, _kept.Count - start));
                _runs++;
                if (await findFailure(without) is { } still)
                {
                    Keep(without, still);
                }
                else
                {
                    start += piece;
                }
            }
        }

        return _kept;
    }

    private bool MayTry => _runs < maxRuns && clock.GetElapsedTime(_start) < maxTime;

    // What was not done is not needed.
    private void Keep(List<ModelCommand> commands, ModelDivergenceException failure)
    {
        _kept = failure.Done is { } done ? [.. done] : commands;
        Failure = failure.Message;
    }
}
