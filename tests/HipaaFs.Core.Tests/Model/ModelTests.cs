using HipaaFs.Testing.Model;

namespace HipaaFs.Core.Tests.Model;

/// <summary>Random operations on the file system and on a model of one, with snapshots, crashes, remounts, and broken disks and stores between them.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Operations_AtRandomWithAccidents_LeaveWhatTheModelAllows()
    {
        (ModelVerb Verb, int Weight)[] weights = [.. ModelCommands.Operations, .. ModelCommands.Snapshots, .. ModelCommands.Accidents];
        long done = await new ModelSoak(weights, CoreTarget.OpenAsync, output.WriteLine).RunAsync(30_000);
        output.WriteLine($"{done} operations");
    }
}
