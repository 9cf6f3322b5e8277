using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>A file that reserves room on the disk, to be given up when a commit finds none.</summary>
internal sealed class Ballast
{
    // Taking the last room would make the disk full for everybody else.
    private const int FreeFactor = 4;

    private readonly string? _path;
    private readonly long _length;

    public Ballast(string? path, long length)
    {
        _path = path;
        _length = length;
    }

    /// <summary>Whether the file is missing and wanted.</summary>
    public bool IsMissing => _path is not null && !File.Exists(_path);

    /// <summary>Gives the room up. Answers whether there was any.</summary>
    public bool Release()
    {
        if (_path is null || !File.Exists(_path))
        {
            return false;
        }

        try
        {
            File.Delete(_path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // The commit is tried without the room.
        }
    }

    /// <summary>Reserves the room again if there is plenty. Answers whether the file is there.</summary>
    public bool TryRestore()
    {
        if (_path is null || File.Exists(_path))
        {
            return _path is not null;
        }

        string directory = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        try
        {
            if (new DriveInfo(directory).AvailableFreeSpace < _length * FreeFactor)
            {
                return false;
            }

            using SafeFileHandle file = DurableFile.CreatePrivate(_path);
            if (DurableFile.TryAllocate(file, 0, _length))
            {
                return true;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without room now; asked again later.
            return false;
        }

        File.Delete(_path);
        return false;
    }
}
