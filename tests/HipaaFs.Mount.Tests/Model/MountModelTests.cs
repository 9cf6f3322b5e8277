using HipaaFs.Testing.Model;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Model;

/// <summary>Random operations on a real mount and on a model of one, with remounts and kills between them.</summary>
/// <remarks>HIPAAFS_MODEL_OPERATIONS lengthens the run; a failure prints the shortest run that fails, and its seed.</remarks>
public sealed class MountModelTests(ITestOutputHelper output)
{
    // Who may do what is the kernel's affair here, and what root does to set-user-id bits is another matter than what others do.
    private static readonly ModelVerb[] NotThroughTheKernel = [ModelVerb.SetMode, ModelVerb.SetOwner];

    [Fact]
    public async Task Operations_OnAMount_LeaveWhatTheModelAllows()
    {
        MountPrerequisites.RequireFuse();
        (ModelVerb Verb, int Weight)[] weights =
        [
            .. ModelCommands.Operations.Where(static operation => !NotThroughTheKernel.Contains(operation.Verb)),
            (ModelVerb.Remount, 2), (ModelVerb.Crash, 3),
        ];
        long done = await new ModelSoak(weights, MountTarget.OpenAsync).RunAsync(3_000);
        output.WriteLine($"{done} operations");
    }
}
