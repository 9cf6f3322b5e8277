using System.Text.Json;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Shipping;

/// <summary>The list of the objects of a shipment: a line of JSON for whose they are, then one for each. It only grows, and each line counts once it is on the disk.</summary>
/// <remarks>Not thread-safe. A line that was cut off is none, and the next one replaces it.</remarks>
public sealed class ShipmentManifest : IDisposable
{
    /// <summary>What it is called in the directory of a shipment.</summary>
    public const string FileName = "hipaafs-shipment.jsonl";

    private readonly SafeFileHandle? _file;
    private readonly Dictionary<string, ShippedObject> _objects;
    private long _length;

    private ShipmentManifest(SafeFileHandle? file, Guid volume, Dictionary<string, ShippedObject> objects, long length)
    {
        _file = file;
        Volume = volume;
        _objects = objects;
        _length = length;
    }

    /// <summary>The volume whose objects they are.</summary>
    public Guid Volume { get; }

    /// <summary>The objects, in the order in which they were added.</summary>
    public IReadOnlyCollection<ShippedObject> Objects => _objects.Values;

    /// <summary>Reads one. Null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is no manifest.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ShipmentManifest? TryRead(string path) => File.Exists(path) ? Parse(File.ReadAllBytes(path), null, path) : null;

    /// <summary>Opens one that objects are added to, or begins it.</summary>
    /// <exception cref="InvalidDataException">There is another volume's, or it is none.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static ShipmentManifest Open(string path, Guid volume)
    {
        byte[] content = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (content.Length > 0)
        {
            ShipmentManifest known = Parse(content, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), path);
            if (known.Volume == volume)
            {
                return known;
            }

            known.Dispose();
            throw new InvalidDataException($"{path} is of a shipment of another volume ({known.Volume})");
        }

        File.Delete(path);
        SafeFileHandle file = DurableFile.CreatePrivate(path);
        var begun = new ShipmentManifest(file, volume, [], 0);
        begun.Append(JsonSerializer.SerializeToUtf8Bytes(new ShipmentLabel(ShipmentLabel.Current, volume), ShippingContext.Default.ShipmentLabel));
        DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
        return begun;
    }

    /// <summary>Whether an object is in it.</summary>
    public bool Has(string key) => _objects.ContainsKey(key);

    /// <summary>Adds an object; on the disk on return.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Add(ShippedObject added)
    {
        Append(JsonSerializer.SerializeToUtf8Bytes(added, ShippingContext.Default.ShippedObject));
        _objects[added.Key] = added;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static ShipmentManifest Parse(byte[] content, SafeFileHandle? file, string path)
    {
        var objects = new Dictionary<string, ShippedObject>(StringComparer.Ordinal);
        ShipmentLabel? label = null;
        int begin = 0;
        try
        {
            for (int end; (end = Array.IndexOf(content, (byte)'\n', begin)) >= 0; begin = end + 1)
            {
                ReadOnlySpan<byte> line = content.AsSpan(begin, end - begin);
                if (label is null)
                {
                    label = JsonSerializer.Deserialize(line, ShippingContext.Default.ShipmentLabel);
                }
                else if (JsonSerializer.Deserialize(line, ShippingContext.Default.ShippedObject) is { Key: not null, Sha256: not null } one)
                {
                    objects[one.Key] = one;
                }
            }
        }
        catch (JsonException exception)
        {
            file?.Dispose();
            throw new InvalidDataException($"{path} makes no sense in the line at byte {begin}", exception);
        }

        if (label is not { Schema: ShipmentLabel.Current })
        {
            file?.Dispose();
            throw new InvalidDataException(label is null ? $"{path} is no manifest of a shipment" : $"{path} has schema {label.Schema}, which this version does not know");
        }

        return new ShipmentManifest(file, label.Volume, objects, begin);
    }

    private void Append(byte[] line)
    {
        SafeFileHandle file = _file ?? throw new InvalidOperationException("it was opened to be read");
        byte[] ended = [.. line, (byte)'\n'];
        RandomAccess.Write(file, ended, _length);
        RandomAccess.SetLength(file, _length + ended.Length);
        DurableFile.SyncData(file);
        _length += ended.Length;
    }
}
