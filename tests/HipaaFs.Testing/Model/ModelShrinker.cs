namespace HipaaFs.Testing.Model;

/// <summary>Finds a short run that still fails in a long one, by leaving out ever smaller pieces (delta debugging).</summary>
public sealed class ModelShrinker(Func<IReadOnlyList<ModelCommand>, Task<string?>> findFailure, int maxRuns)
{
    private int _runs;

    /// <summary>How the shortest run found fails.</summary>
    public string Failure { get; private set; } = string.Empty;

    /// <summary>Shortens a run that fails.</summary>
    public async Task<IReadOnlyList<ModelCommand>> ShrinkAsync(IReadOnlyList<ModelCommand> failing, string failure)
    {
        Failure = failure;
        var kept = new List<ModelCommand>(failing);
        for (int piece = Math.Max(1, kept.Count / 2); piece >= 1 && _runs < maxRuns; piece /= 2)
        {
            int start = 0;
            while (start < kept.Count && _runs < maxRuns)
            {
                var without = new List<ModelCommand>(kept);
                without.RemoveRange(start, Math.Min(piece, kept.Count - start));
                _runs++;
                if (await findFailure(without) is { } still)
                {
                    kept = without;
                    Failure = still;
                }
                else
                {
                    start += piece;
                }
            }
        }

        return kept;
    }
}
