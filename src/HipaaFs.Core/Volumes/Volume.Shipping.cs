using HipaaFs.Placements;
using HipaaFs.Shipping;

namespace HipaaFs.Volumes;

// Data that goes to another store on disks.
public sealed partial class Volume
{
    /// <summary>Writes what a store has yet to get from another one onto a disk, as much as fits; what is on earlier disks is left out.</summary>
    /// <param name="from">Number of the store that has it.</param>
    /// <param name="to">Number of the store that is to get it.</param>
    /// <param name="placements">Numbers of the placements whose segments go.</param>
    /// <param name="directory">The directory of the disk.</param>
    /// <param name="step">Whether it is only counted, or what is on earlier disks is written again.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; what is on the disk stays.</param>
    /// <exception cref="VolumeException">There is no such store.</exception>
    /// <exception cref="InvalidDataException">There is another volume's shipment in the directory, or something that is none.</exception>
    /// <exception cref="IOException">The metadata cannot be read, or the disk does not take it.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<ShipmentReport> WriteShipmentAsync(
        int from, int to, IReadOnlySet<uint> placements, string directory, ShipmentStep step, IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(
            async ends =>
            {
                if (step is { StartsAnew: true, CountsOnly: false })
                {
                    File.Delete(NotesOf(from, to));
                }

                using ShipmentManifest noted = ShipmentManifest.Open(NotesOf(from, to), Id);
                using ShipmentManifest? disk = step.CountsOnly ? null : ShipmentManifest.Open(Path.Combine(directory, ShipmentManifest.FileName), Id);
                return await new ShipmentWriter(_parts.Metadata, _parts.Stores, writer.Recaller.Table, _parts.Ring).RunAsync(
                    RouteOf(from, to, placements), disk, directory, noted, progress, ends);
            },
            cancel);
    }

    /// <summary>Takes what came on disks for a store into it and into what is known of segments: from the disk, or what somebody else has put into the store already.</summary>
    /// <param name="from">Number of the store that is emptied.</param>
    /// <param name="to">Number of the store that takes its place.</param>
    /// <param name="placements">Numbers of the placements whose segments go.</param>
    /// <param name="directory">The directory of the disk; null looks in the store.</param>
    /// <param name="place">Puts the store in the place of the other one; called when it has something, before anything is known of that.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; it is done again.</param>
    /// <exception cref="VolumeException">There is no such store.</exception>
    /// <exception cref="InvalidDataException">What is in the directory is no shipment of this volume.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written, or there is no manifest in the directory.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<ShipmentReport> TakeShipmentAsync(
        int from, int to, IReadOnlySet<uint> placements, string? directory, Func<CancellationToken, Task> place, IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(
            async ends =>
            {
                using ShipmentManifest? disk = directory is null ? null : ReadManifest(directory);
                var arrival = new ShipmentArrival(_parts.Metadata, _parts.Stores, writer.Replication, writer.Fence, _parts.Ring, _parts.Time, _logger);
                ShipmentReport report = await arrival.RunAsync(RouteOf(from, to, placements), disk, directory ?? string.Empty, place, progress, ends);
                if (report.LeftSegments == 0)
                {
                    File.Delete(NotesOf(from, to)); // Should it go back there one day, all of it has to go again.
                }

                return report;
            },
            cancel);
    }

    private ShipmentManifest ReadManifest(string directory)
    {
        string path = Path.Combine(directory, ShipmentManifest.FileName);
        ShipmentManifest disk = ShipmentManifest.TryRead(path) ?? throw new FileNotFoundException($"{path} is not there: the directory holds no shipment");
        return disk.Volume == Id ? disk : throw new InvalidDataException($"{path} is of a shipment of another volume ({disk.Volume})");
    }

    private ShipmentRoute RouteOf(int from, int to, IReadOnlySet<uint> placements) => new(FindStore(from), FindStore(to), placements);

    private MemberStore FindStore(int number) => _parts.Stores.Find(number) is { IsRemoved: false } member
        ? member
        : throw new VolumeException(VolumeFailure.NotFound, $"find store {number}: the volume has none of this number", "'hipaafs store status' lists them");

    // Beside the volume's other files: who loses it ships twice.
    private string NotesOf(int from, int to) => Path.Combine(_parts.Options.Directory, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"shipped-{from}-{to}.jsonl"));
}
