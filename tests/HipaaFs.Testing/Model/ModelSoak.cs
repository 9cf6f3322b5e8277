using System.Globalization;
using System.Text;

namespace HipaaFs.Testing.Model;

/// <summary>Runs of random operations, one seed after the other, until there were enough of them.</summary>
/// <remarks>
/// HIPAAFS_MODEL_OPERATIONS sets how many operations there are in all, HIPAAFS_MODEL_SEED the first seed. What fails is shortened, and printed with its seed.
/// </remarks>
public sealed class ModelSoak(IReadOnlyList<(ModelVerb Verb, int Weight)> weights, Func<int, Task<IModelTarget>> open)
{
    private const int OperationsInRun = 1500;
    private const int MaxShrinkingRuns = 300;

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
            string? failure = await FindFailureAsync(seed, commands);
            if (failure is not null)
            {
                throw await ShrunkAsync(seed, commands, failure);
            }

            done += commands.Count;
        }

        return done;
    }

    private async Task<ModelDivergenceException> ShrunkAsync(int seed, List<ModelCommand> commands, string failure)
    {
        var shrinker = new ModelShrinker(shorter => FindFailureAsync(seed, shorter), MaxShrinkingRuns);
        IReadOnlyList<ModelCommand> shortest = await shrinker.ShrinkAsync(commands, failure);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"HIPAAFS_MODEL_SEED={seed}: {failure}");
        text.AppendLine(CultureInfo.InvariantCulture, $"shortest of {commands.Count}, failing with: {shrinker.Failure}");
        foreach (ModelCommand command in shortest)
        {
            text.AppendLine(command.ToString());
        }

        return new ModelDivergenceException(text.ToString());
    }

    private async Task<string?> FindFailureAsync(int seed, IReadOnlyList<ModelCommand> commands)
    {
        await using IModelTarget target = await open(seed);
        try
        {
            await new ModelRun(target).RunAsync(commands);
            return null;
        }
        catch (ModelDivergenceException divergence)
        {
            return divergence.Message;
        }
    }

    private static long Setting(string name, long fallback) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out long value) ? value : fallback;
}
