using System.Diagnostics;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>The reader in Python, which shares no code with this one.</summary>
public sealed class IndependentReaderTests
{
    private const string Python = "/usr/bin/python3";
    private const string Missing = "needs /usr/bin/python3 with python3-cryptography";

    [Fact]
    public async Task CheckVectors_InPython_AgreesWithEveryVector()
    {
        Assert.SkipUnless(File.Exists(Python) && (await Run("-c", "import cryptography")).Code == 0, Missing);

        (int code, string output) = await Run(Path.Combine(Vectors.Root, "tests", "independent-reader", "check_vectors.py"));

        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task MakeVectors_InPython_GivesTheVectorsThatAreThere()
    {
        Assert.SkipUnless(File.Exists(Python) && (await Run("-c", "import cryptography")).Code == 0, Missing);
        using var directory = new TemporaryDirectory();

        (int code, string output) = await Run(
            Path.Combine(Vectors.Root, "tests", "independent-reader", "make_vectors.py"), directory.Location);

        Assert.True(code == 0, output);
        string[] made = [.. Directory.GetFiles(directory.Location).Order()];
        Assert.NotEmpty(made);
        foreach (string path in made)
        {
            string kept = Path.Combine(Vectors.Root, "tests", "vectors", Path.GetFileName(path));
            Assert.Equal(File.ReadAllText(kept), File.ReadAllText(path));
        }
    }

    private static async Task<(int Code, string Output)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output + await errors);
    }
}
