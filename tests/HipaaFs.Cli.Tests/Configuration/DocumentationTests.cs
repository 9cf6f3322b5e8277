using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using Xunit;

namespace HipaaFs.Cli.Tests.Configuration;

/// <summary>The documentation names everything there is.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void ConfigurationDocument_EverySetting_IsThereWithItsDefault()
    {
        string document = Read("configuration.md");

        Assert.All(VolumeSettings.All, setting =>
        {
            string row = document.Split('\n').SingleOrDefault(line => line.StartsWith($"| `{setting.Key}` |", StringComparison.Ordinal))
                ?? throw new Xunit.Sdk.XunitException($"{setting.Key} has no row");
            if (setting.DefaultText is { } text)
            {
                Assert.Contains($"`{text}`", row, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void ConfigurationDocument_EveryMountOption_IsThere()
    {
        string document = Read("configuration.md");

        Assert.All(MountOptionsReader.Names, name =>
            Assert.Matches($"`{System.Text.RegularExpressions.Regex.Escape(name)}", document));
    }

    [Fact]
    public void ConfigurationDocument_EveryRequestOfTheControlSocket_IsThere()
    {
        string document = Read("configuration.md");

        Assert.All(ControlServer.Requests, request =>
            Assert.Matches($"`{System.Text.RegularExpressions.Regex.Escape(request)}[`?]", document));
    }

    [Fact]
    public void ErrorsDocument_EveryExitCode_IsThere()
    {
        string document = Read("errors.md");

        Assert.All(Enum.GetValues<ExitCode>(), code =>
            Assert.Contains($"| {(int)code} | `{ExitCodes.ToWord(code)}` |", document, StringComparison.Ordinal));
    }

    private static string Read(string name)
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "HipaaFs.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new FileNotFoundException("HipaaFs.sln");
        }

        return File.ReadAllText(Path.Combine(directory, "docs", name));
    }
}
