using System.Diagnostics;
using HipaaFs.Archives;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Programs that open files.</summary>
public sealed class OpenerProgramTests
{
    [Fact]
    public void IsOneOf_ProgramWasReplacedWhileItRuns_IsStillTheOne()
    {
        using var scratch = new ScratchDirectory();
        string program = scratch["indexer"];
        File.Copy("/bin/sleep", program);
        using var running = Process.Start(program, "600");
        try
        {
            Assert.True(OpenerProgram.IsOneOf((uint)running.Id, [program]));
            File.Delete(program);
            Assert.True(OpenerProgram.IsOneOf((uint)running.Id, [program]));
            Assert.True(OpenerProgram.IsOneOf((uint)running.Id, ["indexer"]));
            Assert.False(OpenerProgram.IsOneOf((uint)running.Id, ["sleep", "/bin/indexer"]));
        }
        finally
        {
            running.Kill();
        }
    }
}
