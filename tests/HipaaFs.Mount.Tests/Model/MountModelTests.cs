using HipaaFs.Testing.Model;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Model;

/// <summary>Random operations on a real mount and on a model of one, with snapshots, remounts and, in soak, kills between them.</summary>
/// <remarks>HIPAAFS_MODEL_OPERATIONS lengthens the run; a failure prints the shortest run that fails, and its seed.</remarks>
public sealed class MountModelTests(ITestOutputHelper output)
{
    // Who may do what is the kernel's affair here, and what root does to set-user-id bits is another matter than what others do.
    private static readonly ModelVerb[] NotThroughTheKernel = [ModelVerb.SetMode, ModelVerb.SetOwner];

    // What a kill leaves depends on the moment, and so does the rest of the run: that is for soak, where a run is long; the short one is the same every time.
    private static bool WithKills => Environment.GetEnvironmentVariable("HIPAAFS_MODEL_OPERATIONS") is not null;

    [Fact]
    public async Task Operations_OnAMount_LeaveWhatTheModelAllows()
    {
        MountPrerequisites.RequireFuse();
        (ModelVerb Verb, int Weight)[] weights =
        [
            .. ModelCommands.Operations.Where(static operation => !NotThroughTheKernel.Contains(operation.Verb)),
            .. ModelCommands.Snapshots,
            (ModelVerb.Remount, 4),
            .. WithKills ? new[] { (ModelVerb.Crash, 3) } : [],
        ];
        long done = await new ModelSoak(weights, MountTarget.OpenAsync, output.WriteLine).RunAsync(1_500);
        output.WriteLine($"{done} operations");
    }
}
