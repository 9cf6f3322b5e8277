using System.Security.Cryptography;

namespace HipaaFs.Storage.S3;

/// <summary>What an object that was put in parts must look like.</summary>
/// <param name="Tag">The tag that the server answered with; any when it gave none.</param>
/// <param name="TagOfContent">The tag that a server gives to these parts unless it encrypts them with a key of its own.</param>
internal readonly record struct S3Expected(EntityTag Tag, EntityTag TagOfContent)
{
    /// <summary>MD5 of the parts' MD5s, and their number: what S3 calls an object of parts.</summary>
    internal static EntityTag TagOfParts(IReadOnlyList<byte[]> md5s)
    {
#pragma warning disable CA5351 // As the protocol has it.
        byte[] together = MD5.HashData(md5s.SelectMany(static md5 => md5).ToArray());
#pragma warning restore CA5351
        return new EntityTag(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(together)}-{md5s.Count}"));
    }
}
