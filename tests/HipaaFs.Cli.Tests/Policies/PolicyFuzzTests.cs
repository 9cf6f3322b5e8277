using HipaaFs.Cli.Policies;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>Whatever the text: reading it ends, and what is wrong has a place.</summary>
public sealed class PolicyFuzzTests
{
    private const string Letters = "\t\n\r :-[]{},\"'#&*!|>%@`?~0aZ/\\\u00e9\ud83d";

    [Fact]
    public void Read_EveryTruncation_GivesAPlace()
    {
        string example = PolicyText.Example();
        for (int length = 0; length < example.Length; length++)
        {
            Check(example[..length], $"the first {length}");
        }
    }

    [Fact]
    public void Read_RandomMutations_GiveAPlace()
    {
        string example = PolicyText.Example();
        string[] lines = example.Split('\n');
        for (int seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            Check(seed % 2 == 0 ? MutateLetters(example, random) : MutateLines([.. lines], random), $"seed {seed}");
        }
    }

    /// <summary>A text made from the example by a few random changes of letters.</summary>
    public static string MutateLetters(string text, Random random)
    {
        char[] letters = text.ToCharArray();
        for (int change = random.Next(1, 6); change > 0; change--)
        {
            letters[random.Next(letters.Length)] = Letters[random.Next(Letters.Length)];
        }

        return new string(letters);
    }

    /// <summary>A text made from the example by a few random changes of lines.</summary>
    public static string MutateLines(List<string> lines, Random random)
    {
        for (int change = random.Next(1, 5); change > 0; change--)
        {
            int at = random.Next(lines.Count);
            switch (random.Next(4))
            {
                case 0:
                    lines.RemoveAt(at);
                    break;
                case 1:
                    lines.Insert(at, lines[random.Next(lines.Count)]);
                    break;
                case 2:
                    (lines[at], lines[0]) = (lines[0], lines[at]);
                    break;
                default:
                    lines[at] = new string(' ', random.Next(4)) + lines[at];
                    break;
            }
        }

        return string.Join('\n', lines);
    }

    private static void Check(string text, string which)
    {
        var reading = new PolicyReading();
        try
        {
            bool sound = PolicyFile.Read(text, reading, PolicyText.Today) is not null;
            Assert.True(sound || reading.Problems.Count > 0, which);
        }
        catch (CommandException newer) when (newer.Code == ExitCode.UnsupportedFormat)
        {
            return;
        }
        catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
        {
            throw new Xunit.Sdk.XunitException($"{which}: {failure}");
        }

        long lines = text.Split('\n').Length;
        Assert.All(reading.Problems, problem =>
        {
            Assert.InRange(problem.Place.Line, 1, lines + 1);
            Assert.InRange(problem.Place.Column, 1, long.MaxValue);
            Assert.NotEmpty(problem.Text);
        });
    }
}
