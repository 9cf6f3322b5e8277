using System.Globalization;
using System.Text;

namespace HipaaFs.Testing.Model;

/// <summary>Runs of random operations, one seed after the other, until there were enough of them.</summary>
/// <remarks>
/// HIPAAFS_MODEL_OPERATIONS sets how many operations there are in all, HIPAAFS_MODEL_SEED the first seed. What fails is reported at once with its seed, then
/// shortened for some minutes at most.
/// </remarks>
/// <param name="weights">How often each operation comes.</param>
/// <param name="open">Makes the target of the run with a seed.</param>
/// <param name="report">Gets a line for each run, when it is over.</param>
public sealed class ModelSoak(IReadOnlyList<(ModelVerb Verb, int Weight)> weights, Func<int, Task<IModelTarget>> open, Action<string> report)
{
    private const int OperationsInRun = 1500;
    private const int MaxShrinkingRuns = 300;

    // Decides how short what is printed is, and nothing else.
    private static readonly TimeSpan MaxShrinkingTime = TimeSpan.FromMinutes(4);

    /// <summary>Runs until enough operations were done.</summary>
    /// <param name="operations">How many, when the environment does not say it.</param>
    /// <returns>Operations done.</returns>
    /// <exception cref="ModelDivergenceException">A run failed; the message holds the shortest that fails.</exception>
    public async Task<long> RunAsync(int operations)
    {
        long wanted = Setting("HIPAAFS_MODEL_OPERATIONS", operations);
        int seed = (int)Setting("HIPAAFS_MODEL_SEED", 1);
        long done = 0;
        for (; done < wanted; seed++)
        {
            List<ModelCommand> commands = new ModelCommands(seed, weights).Take((int)Math.Min(OperationsInRun, wanted));
            if (await FindFailureAsync(seed, commands) is { } failure)
            {
                report($"HIPAAFS_MODEL_SEED={seed} fails: {failure.Message}");
                throw await ShrunkAsync(seed, commands, failure);
            }

            done += commands.Count;
            report($"seed {seed}: {commands.Count} operations");
        }

        return done;
    }

    private async Task<ModelDivergenceException> ShrunkAsync(int seed, List<ModelCommand> commands, ModelDivergenceException failure)
    {
        var shrinker = new ModelShrinker(shorter => FindFailureAsync(seed, shorter), MaxShrinkingRuns, MaxShrinkingTime, TimeProvider.System);
        IReadOnlyList<ModelCommand> shortest = await shrinker.ShrinkAsync(commands, failure);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"HIPAAFS_MODEL_SEED={seed}: {failure.Message}");
        text.AppendLine(CultureInfo.InvariantCulture, $"shortest of {commands.Count}, failing with: {shrinker.Failure}");
        foreach (ModelCommand command in shortest)
        {
            text.AppendLine(command.ToString());
        }

        return new ModelDivergenceException(text.ToString());
    }

    private async Task<ModelDivergenceException?> FindFailureAsync(int seed, IReadOnlyList<ModelCommand> commands)
    {
        await using IModelTarget target = await open(seed);
        try
        {
            await new ModelRun(target).RunAsync(commands);
            return null;
        }
        catch (ModelDivergenceException divergence)
        {
            return divergence;
        }
    }

    private static long Setting(string name, long fallback) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out long value) ? value : fallback;
}
