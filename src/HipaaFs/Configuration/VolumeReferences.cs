using HipaaFs.Crypto;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Configuration;

/// <summary>Checks the two settings that name something outside the volume, the store and the key, without touching either.</summary>
internal static class VolumeReferences
{
    /// <summary>Reads a store's URL; the value is its canonical form.</summary>
    public static string? ReadStore(string text, out string value)
    {
        value = text;
        if (!StoreUrl.TryParse(text, out StoreUrl? url, out StoreUrlProblem? problem))
        {
            return $"is no store: {problem!.Message}";
        }

        value = url!.ToString();
        return null;
    }

    /// <summary>Reads a KEYREF, or <c>none</c>.</summary>
    public static string? ReadKey(string text, out string value)
    {
        value = text;
        if (text == "none")
        {
            return null;
        }

        return KeyReference.TryParse(text, out _, out string? problem) ? null : $"is no key reference: {problem}";
    }
}
