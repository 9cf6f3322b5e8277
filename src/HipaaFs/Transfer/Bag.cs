using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace HipaaFs.Cli.Transfer;

/// <summary>A bag as RFC 8493 defines it: the files below data/, and beside it what is needed to check them.</summary>
internal static class Bag
{
    /// <summary>What the paths of its files begin with.</summary>
    public const string Payload = "data/";

    /// <summary>The file that makes a directory a bag.</summary>
    public const string Declaration = "bagit.txt";

    /// <summary>The list of its files.</summary>
    public const string Manifest = "manifest-sha256.txt";

    private const string TagManifest = "tagmanifest-sha256.txt";
    private const string Info = "bag-info.txt";

    private static readonly byte[] DeclarationText = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"u8.ToArray();

    /// <summary>Begins a bag: from here on the directory is one, if not a complete one.</summary>
    public static Task BeginAsync(PlainTree tree, CancellationToken cancel) => tree.WriteAllAsync(Declaration, DeclarationText, cancel);

    /// <summary>Whether a tree is a bag.</summary>
    public static async Task<bool> IsOneAsync(PlainTree tree, CancellationToken cancel) =>
        await tree.TryReadAllAsync(Declaration, cancel) is { } declaration && declaration.AsSpan().StartsWith("BagIt-Version:"u8);

    /// <summary>Writes what describes the payload.</summary>
    /// <param name="tree">The bag.</param>
    /// <param name="files">Its payload.</param>
    /// <param name="bytes">The bytes of the payload.</param>
    /// <param name="today">The date.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task FinishAsync(
        PlainTree tree, IReadOnlyCollection<KeyValuePair<string, byte[]>> files, long bytes, DateTimeOffset today, CancellationToken cancel)
    {
        string version = typeof(Bag).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        byte[] info = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"Bag-Software-Agent: hipaafs {version}\nBagging-Date: {today:yyyy-MM-dd}\nPayload-Oxum: {bytes}.{files.Count}\n"));
        byte[] manifest = ChecksumManifest.Format(files);
        await tree.WriteAllAsync(Manifest, manifest, cancel);
        await tree.WriteAllAsync(Info, info, cancel);
        var tags = new Dictionary<string, byte[]>
        {
            [Declaration] = SHA256.HashData(DeclarationText),
            [Info] = SHA256.HashData(info),
            [Manifest] = SHA256.HashData(manifest),
        };
        await tree.WriteAllAsync(TagManifest, ChecksumManifest.Format(tags), cancel);
    }

    /// <summary>The list of a bag's files, and of the files that describe it where these are listed too.</summary>
    /// <exception cref="TransferException">The bag has no manifest of SHA-256.</exception>
    /// <exception cref="FormatException">A manifest is none.</exception>
    public static async Task<Dictionary<string, byte[]>> ReadAsync(PlainTree tree, bool withTags, CancellationToken cancel)
    {
        byte[] manifest = await tree.TryReadAllAsync(Manifest, cancel)
            ?? throw new TransferException($"the bag has no {Manifest}; it is not complete, or was made with other checksums only");
        Dictionary<string, byte[]> files = ChecksumManifest.Parse(manifest);
        if (withTags && await tree.TryReadAllAsync(TagManifest, cancel) is { } tags)
        {
            foreach ((string path, byte[] sha256) in ChecksumManifest.Parse(tags))
            {
                files[path] = sha256;
            }
        }

        return files;
    }
}
