using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Shipping;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Has a store of an open volume take the place of another, with disks that are shipped for most of the data.</summary>
internal sealed class StoreShipping
{
    private readonly Volume _volume;
    private readonly StoreAdministration _administration;

    /// <param name="volume">The volume; open for as long as this.</param>
    /// <param name="administration">Changes the placements.</param>
    public StoreShipping(Volume volume, StoreAdministration administration)
    {
        _volume = volume;
        _administration = administration;
    }

    /// <summary>Writes onto a disk what a store has yet to get.</summary>
    /// <param name="from">Name of the store that has it.</param>
    /// <param name="to">Name of the store that gets it.</param>
    /// <param name="directory">The directory of the disk, absolute; it is there.</param>
    /// <param name="step">How.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; what is on the disk stays.</param>
    /// <exception cref="CommandException">There is no such store, or rules forbid it to take the place of the other; or the directory is of no use.</exception>
    /// <exception cref="IOException">The metadata cannot be read, or the disk does not take it.</exception>
    public Task<StoreShipment> WriteAsync(string from, string to, string directory, ShipmentStep step, Action<ProgressUpdate> progress, CancellationToken cancel) => RunAsync(
        from,
        to,
        (source, target) => _volume.WriteShipmentAsync(
            source.Number, target.Number, PlacementsOf(source, target), RequireDirectory(directory), step, Sink("write", progress), cancel),
        cancel);

    /// <summary>Takes what came on disks into a store, which takes the place of the other one then.</summary>
    /// <param name="from">Name of the store that is emptied.</param>
    /// <param name="to">Name of the store that gets it.</param>
    /// <param name="directory">The directory of the disk, absolute; null looks for what is in the store already.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; run again it goes on.</param>
    /// <exception cref="CommandException">There is no such store, or rules forbid it to take the place of the other; or the directory is of no use.</exception>
    /// <exception cref="VolumeException">The other one cannot be the volume's home.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    public Task<StoreShipment> TakeAsync(string from, string to, string? directory, Action<ProgressUpdate> progress, CancellationToken cancel) => RunAsync(
        from,
        to,
        (source, target) => _volume.TakeShipmentAsync(
            source.Number,
            target.Number,
            PlacementsOf(source, target),
            directory is null ? null : RequireDirectory(directory),
            ends => _administration.EmptyAsync(from, to, waits: false, static _ => { }, ends),
            Sink(directory is null ? "read back" : "upload", progress),
            cancel),
        cancel);

    private async Task<StoreShipment> RunAsync(string from, string to, Func<StoreReport, StoreReport, Task<ShipmentReport>> work, CancellationToken cancel)
    {
        (StoreReport source, StoreReport target) = await _administration.CheckMigrationAsync(from, to, cancel);
        try
        {
            return StoreShipment.Of(from, to, await work(source, target), error => _volume.Explain(error, store: null));
        }
        catch (InvalidDataException error)
        {
            throw new CommandException(ExitCode.Refused, $"ship from {from} to {to}: {error.Message}", "Give the directory of this volume's shipment, or an empty one to begin with.", error);
        }
        catch (FileNotFoundException error)
        {
            throw new CommandException(ExitCode.NotFound, $"ship from {from} to {to}: {error.Message}", "Give the directory that '--out' was given, as it is mounted here.", error);
        }
    }

    // The first disk has the one take the place of the other: what comes later is of placements that name it already.
    private static HashSet<uint> PlacementsOf(StoreReport source, StoreReport target) => [.. source.Placements, .. target.Placements];

    private static string RequireDirectory(string directory) => Directory.Exists(directory)
        ? directory
        : throw new CommandException(ExitCode.NotFound, $"ship by {directory}: there is no such directory", "Check its spelling, and whether the disk is mounted where the volume is.");

    private static ProgressSink<ShipmentProgress> Sink(string stage, Action<ProgressUpdate> progress) =>
        new(done => progress(new ProgressUpdate(stage, done.Bytes, done.TotalBytes, "bytes")));
}
