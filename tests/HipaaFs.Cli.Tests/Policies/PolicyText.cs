using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>Texts of policies, and what reading them says.</summary>
internal static class PolicyText
{
    public static readonly DateOnly Today = new(2026, 11, 1);

    /// <summary>Three stores and nothing else; lines 1 to 10.</summary>
    public const string Stores =
        """
        version: 1
        stores:
          a:
            url: "s3://bucket-a"
            region: eu-de
            baa: contract
          b: {url: "azblob://account/second", region: eu-nl, baa: contract}
          dir: {url: "file:///srv/dir", region: eu-de, baa: our own}
          open: {url: "s3://bucket-open", region: us-east}

        """;

    /// <summary>With a place for everything; lines 11 and 12.</summary>
    public const string Sound = Stores + "\ndefaults:\n  placement: {primary: a}\n";

    /// <summary>The stores, then what follows from line 11.</summary>
    public static string With(string rest) => Stores + "\n" + rest;

    public static PolicyDocument Read(string text)
    {
        var reading = new PolicyReading();
        PolicyDocument? document = PolicyFile.Read(text, reading, Today);
        return reading.Problems.Count == 0 && document is not null
            ? document
            : throw new Xunit.Sdk.XunitException(string.Join('\n', reading.Problems));
    }

    /// <summary>Every problem, as "LINE:COLUMN: text".</summary>
    public static IReadOnlyList<string> Problems(string text)
    {
        var reading = new PolicyReading();
        PolicyFile.Read(text, reading, Today);
        return [.. reading.Problems.Select(static problem => $"{problem.Place}: {problem.Text}")];
    }

    /// <summary>Every warning of a text without problems.</summary>
    public static IReadOnlyList<string> Warnings(string text)
    {
        var reading = new PolicyReading();
        PolicyFile.Read(text, reading, Today);
        return reading.Problems.Count == 0
            ? [.. reading.Warnings.Select(static problem => $"{problem.Place}: {problem.Text}")]
            : throw new Xunit.Sdk.XunitException(string.Join('\n', reading.Problems));
    }

    /// <summary>The example of docs/policy.md.</summary>
    public static string Example()
    {
        string document = File.ReadAllText(Path.Combine(Repository(), "docs", "policy.md"));
        int begin = document.IndexOf("```yaml\n", StringComparison.Ordinal) + "```yaml\n".Length;
        return document[begin..document.IndexOf("```", begin, StringComparison.Ordinal)];
    }

    public static string Repository()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "HipaaFs.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new FileNotFoundException("HipaaFs.sln");
        }

        return directory;
    }
}
