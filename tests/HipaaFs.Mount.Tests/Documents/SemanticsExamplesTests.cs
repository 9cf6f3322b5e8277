using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Documents;

/// <summary>Every example of docs/semantics.md is run on a mount, in a directory of its own.</summary>
public sealed class SemanticsExamplesTests(SharedMount mount) : IClassFixture<SharedMount>
{
    private static readonly string Document = Path.Combine(Repository.Root, "docs", "semantics.md");

    /// <summary>Heading and number of each fenced block of shell in the document.</summary>
    public static TheoryData<string> Examples
    {
        get
        {
            var names = new TheoryData<string>();
            foreach (string name in ReadExamples().Keys)
            {
                names.Add(name);
            }

            return names;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_OfTheDocument_HoldsOnAMount(string example)
    {
        MountPrerequisites.RequirePrograms("setfattr", "getfattr", "setfacl", "getfacl", "flock", "fallocate");
        MountedVolume volume = await mount.GetAsync();
        string directory = await mount.NewDirectoryAsync();
        string setting = $"""
            export HOME='{volume.Home}' XDG_RUNTIME_DIR='{volume.Work}/run'
            hipaafs() {"{"} '{DriverExecutable.Locate()}' "$@"; {"}"}
            MOUNTPOINT='{volume.Root}'

            """;

        ProcessOutcome outcome = await Shell.RunAsync(setting + ReadExamples()[example], directory);

        Assert.True(outcome.Succeeded, outcome.Describe());
    }

    [Fact]
    public void Document_HasExamples()
    {
        Assert.True(ReadExamples().Count >= 10, $"{Document} has {ReadExamples().Count} examples");
    }

    private static Dictionary<string, string> ReadExamples()
    {
        var examples = new Dictionary<string, string>();
        string heading = string.Empty;
        List<string>? block = null;
        foreach (string line in File.ReadLines(Document))
        {
            if (block is null && line.StartsWith('#'))
            {
                heading = line.TrimStart('#', ' ');
            }
            else if (block is null && line == "```sh")
            {
                block = [];
            }
            else if (block is not null && line == "```")
            {
                examples.Add($"{heading} {examples.Count + 1}", string.Join('\n', block));
                block = null;
            }
            else
            {
                block?.Add(line);
            }
        }

        return examples;
    }
}
