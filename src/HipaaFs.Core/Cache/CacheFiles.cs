using System.Runtime.InteropServices;
using HipaaFs.Crypto;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cache;

/// <summary>The files of the cache: <c>xx/ID.seg</c> is a whole object, <c>xx/ID.part</c> with <c>xx/ID.map</c> one with gaps.</summary>
internal sealed class CacheFiles
{
    private const string Whole = ".seg";
    private const string Partial = ".part";
    private const string Map = ".map";

    private readonly string _directory;

    internal CacheFiles(string directory)
    {
        _directory = directory;
        DurableFile.CreatePrivateDirectory(directory);
    }

    /// <summary>The cache's directory.</summary>
    internal string Directory => _directory;

    /// <summary>Path of an entry's data.</summary>
    internal string PathOf(CacheEntry entry) => PathOf(entry.Segment, entry.IsComplete ? Whole : Partial);

    /// <summary>Path that a complete entry of a segment has.</summary>
    internal string WholePath(SegmentId segment) => PathOf(segment, Whole);

    /// <summary>Makes the directory that an entry's files go to.</summary>
    internal void CreateParent(SegmentId segment) =>
        DurableFile.CreatePrivateDirectory(Path.GetDirectoryName(PathOf(segment, Whole))!);

    /// <summary>Opens an entry's data: a whole object for reading, one with gaps for writing too, made when it is new. Null when a whole object's file is gone.</summary>
    internal SafeFileHandle? TryOpen(CacheEntry entry)
    {
        if (!entry.IsComplete)
        {
            return OpenPartial(entry);
        }

        try
        {
            return File.OpenHandle(PathOf(entry), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (IOException)
        {
            return null; // Gone: the caller makes a new entry and fetches again.
        }
    }

    /// <summary>Lets a test hold a deletion up.</summary>
    internal Action<SegmentId>? BeforeDelete { get; set; }

    /// <summary>Removes an entry's files. Those of another entry of the segment, complete or with gaps where this one is not, stay.</summary>
    internal void Delete(CacheEntry entry)
    {
        BeforeDelete?.Invoke(entry.Segment);
        if (entry.IsComplete)
        {
            File.Delete(PathOf(entry.Segment, Whole));
            return;
        }

        DeletePartial(entry.Segment);
    }

    /// <summary>Removes what a segment had of an entry with gaps, now that the whole object is here.</summary>
    internal void DeletePartial(SegmentId segment)
    {
        File.Delete(PathOf(segment, Partial));
        File.Delete(PathOf(segment, Map));
    }

    /// <summary>Saves the map of an entry with gaps. A map that is lost costs fetches; one that lies is caught by authentication.</summary>
    internal void SaveMap(CacheEntry entry)
    {
        ulong[]? bits = entry.Bits;
        if (bits is null)
        {
            return;
        }

        entry.MapSaved();
        byte[] content = new byte[8 + (bits.Length * 8)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(content, entry.ObjectLength);
        MemoryMarshal.AsBytes<ulong>(bits).CopyTo(content.AsSpan(8));
        string path = PathOf(entry.Segment, Map);
        string temporary = path + ".new";
        File.Delete(temporary);
        using (SafeFileHandle file = DurableFile.CreatePrivate(temporary))
        {
            RandomAccess.Write(file, content, 0);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads the directory back after a restart. Files that make no sense are removed.</summary>
    internal List<CacheEntry> Load()
    {
        var entries = new List<CacheEntry>();
        foreach (string directory in System.IO.Directory.EnumerateDirectories(_directory))
        {
            foreach (string path in System.IO.Directory.EnumerateFiles(directory))
            {
                CacheEntry? entry = LoadOne(path);
                if (entry is not null)
                {
                    entries.Add(entry);
                }
            }
        }

        return entries;
    }

    private CacheEntry? LoadOne(string path)
    {
        string extension = Path.GetExtension(path);
        if (!SegmentId.TryParse(Path.GetFileNameWithoutExtension(path), out SegmentId segment))
        {
            File.Delete(path);
            return null;
        }

        return extension switch
        {
            Whole => new CacheEntry(segment, new FileInfo(path).Length, bits: null),
            Map => LoadPartial(segment, path),
            _ => RemoveUnmapped(segment, path),
        };
    }

    private CacheEntry? LoadPartial(SegmentId segment, string mapPath)
    {
        byte[] content = File.ReadAllBytes(mapPath);
        long length = content.Length >= 8 ? System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(content) : -1;
        bool sound = length > 0
            && content.Length == 8 + (CacheEntry.WordsFor(length) * 8)
            && File.Exists(PathOf(segment, Partial))
            && !File.Exists(WholePath(segment));
        if (!sound)
        {
            File.Delete(mapPath);
            File.Delete(PathOf(segment, Partial));
            return null;
        }

        return new CacheEntry(segment, length, MemoryMarshal.Cast<byte, ulong>(content.AsSpan(8)).ToArray());
    }

    private CacheEntry? RemoveUnmapped(SegmentId segment, string path)
    {
        if (!path.EndsWith(Partial, StringComparison.Ordinal) || !File.Exists(PathOf(segment, Map)))
        {
            File.Delete(path);
        }

        return null;
    }

    // Others make and evict the same file meanwhile, so that either step may find what the other did not.
    private SafeFileHandle OpenPartial(CacheEntry entry)
    {
        const int exists = 17; // EEXIST
        string path = PathOf(entry.Segment, Partial);
        while (true)
        {
            try
            {
                return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                CreateParent(entry.Segment);
            }

            try
            {
                SafeFileHandle file = DurableFile.CreatePrivate(path);
                RandomAccess.SetLength(file, entry.ObjectLength);
                return file;
            }
            catch (IOException exception) when (exception.HResult == exists)
            {
                // Somebody else was first.
            }
        }
    }

    private string PathOf(SegmentId segment, string extension)
    {
        string hex = segment.ToString();
        return Path.Combine(_directory, hex[..2], hex + extension);
    }
}
