using System.Text.Json;

namespace HipaaFs.Crypto.Tests;

/// <summary>The golden vectors, and the places of the source tree that tests read.</summary>
internal static class Vectors
{
    public static string Root { get; } = FindRoot();

    public static JsonElement Load(string name)
    {
        byte[] text = File.ReadAllBytes(Path.Combine(Root, "tests", "vectors", $"format-1-{name}.json"));
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static byte[] Bytes(this JsonElement element, string property) =>
        Convert.FromHexString(element.GetProperty(property).GetString()!);

    /// <summary>Byte i is (7 i + i / 256) modulo 256.</summary>
    public static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)((7 * i) + (i / 256));
        }

        return bytes;
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "HipaaFs.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new DirectoryNotFoundException("the source tree is not above the test assembly");
    }
}
