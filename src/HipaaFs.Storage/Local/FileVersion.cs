using System.Globalization;
using HipaaFs.Platform;

namespace HipaaFs.Storage.Local;

/// <summary>What tells one version of an object's file from another: another file, another length or another time of writing.</summary>
internal readonly record struct FileVersion(ulong Inode, long Length, long ModifiedNanoseconds)
{
    public static FileVersion Of(in FileStatus status) => new(status.Inode, status.Length, status.ModifiedNanoseconds);

    public EntityTag ToTag() => new(string.Create(CultureInfo.InvariantCulture, $"{Inode:x}-{Length:x}-{ModifiedNanoseconds:x}"));
}
