using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.Local;

/// <summary>An object's file held open for reading, with the version it has. Borrowed from <see cref="OpenObjects"/>, which alone closes it.</summary>
internal sealed class OpenObject
{
    public OpenObject(ObjectKey key, SafeFileHandle file, FileVersion version)
    {
        Key = key;
        File = file;
        Version = version;
        Tag = version.ToTag();
    }

    public ObjectKey Key { get; }

    public SafeFileHandle File { get; }

    public FileVersion Version { get; }

    public EntityTag Tag { get; }

    // The three below are guarded by the lock of the table.
    internal int Users { get; set; }

    internal bool Dropped { get; set; }

    internal LinkedListNode<OpenObject>? Place { get; set; }
}
