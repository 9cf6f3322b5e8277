using HipaaFs.Cli.Interop;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;
using HipaaFs.Platform;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Cli.Commands;

/// <summary>Makes a volume and the keys it needs; when it fails nothing of it is left.</summary>
/// <remarks>volume.yaml is written last: a directory that has one is a volume, one that has none is not.</remarks>
internal sealed class VolumeInitialization
{
    private const string FilePrefix = "file:";

    private readonly CommandContext _context;
    private readonly List<string> _madeFiles = [];
    private string? _madeDirectory;

    /// <summary>Creates the work of one command.</summary>
    public VolumeInitialization(CommandContext context) => _context = context;

    /// <summary>Where the volume shall be.</summary>
    public required string Directory { get; init; }

    /// <summary>Where the objects shall be; null for a directory in the volume.</summary>
    public string? StoreUrl { get; init; }

    /// <summary>KEYREF of the key; null to make a key file.</summary>
    public string? Key { get; init; }

    /// <summary>Where the key file is made, plain or as <c>file:PATH</c>; null for the usual place.</summary>
    public string? NewKeyFile { get; init; }

    /// <summary>File of the recovery key to make; null for none.</summary>
    public string? RecoveryKeyFile { get; init; }

    /// <summary>Makes the volume.</summary>
    /// <exception cref="CommandException">It cannot be made.</exception>
    public async Task<InitResult> RunAsync(CancellationToken cancel)
    {
        string directory = PathRelation.Resolve(Directory);
        StoreUrl store = ReadStore(directory);
        KeyReference? reference = Key is null ? null : VolumeKeys.Absolute(KeyAccess.Parse(Key), Environment.CurrentDirectory);
        if (reference is { Kind: KeyReferenceKind.File, Path: { } named } && !File.Exists(named))
        {
            throw new CommandException(
                ExitCode.Key,
                $"use key {reference}: there is no key file at this place, and --key names one that exists",
                $"Leave --key out, and a key file is made in the usual place; or have it made there: --new-key {named}");
        }

        string? newFile = NewKeyFile is null ? null : PathRelation.Resolve(NewKeyFile.StartsWith(FilePrefix, StringComparison.Ordinal) ? NewKeyFile[FilePrefix.Length..] : NewKeyFile);
        string? recoveryFile = RecoveryKeyFile is null ? null : PathRelation.Resolve(RecoveryKeyFile);
        NewVolumeDirectory.Check(directory);
        CheckKeyOutside(directory, reference?.Path, "--key");
        CheckKeyOutside(directory, newFile, "--new-key");
        CheckKeyOutside(directory, recoveryFile, "--recovery-key");
        var id = Guid.NewGuid();
        bool finished = false;
        try
        {
            IKeyWrapper key = reference is null
                ? MakeKey(newFile ?? KeyFiles.DefaultPath(id, _context.Environment), out reference)
                : KeyAccess.OpenNew(reference, _context);
            using var keyLifetime = key as IDisposable;
            IKeyWrapper? recovery = recoveryFile is null ? null : MakeKey(recoveryFile, out _);
            MakeDirectory(directory);
            await CreateAsync(directory, id, store, key, recovery, cancel);
            NewVolumeDirectory.WriteFile(directory, id, store, reference, _context.Time.GetUtcNow());
            finished = true;
            return new InitResult(directory, id.ToString(), store.ToString(), reference.ToString(), Key is null, recoveryFile);
        }
        finally
        {
            if (!finished)
            {
                Undo();
            }
        }
    }

    private async Task CreateAsync(
        string directory, Guid id, StoreUrl store, IKeyWrapper key, IKeyWrapper? recovery, CancellationToken cancel)
    {
        var creation = new VolumeCreation
        {
            Directory = directory,
            VolumeId = id,
            Store = store,
            Stores = KnownStores.All,
            Key = key,
            RecoveryKey = recovery,
            UserId = LibC.geteuid(),
            GroupId = LibC.getegid(),
        };
        await Volume.CreateAsync(creation, NullLoggerFactory.Instance, _context.Time, cancel);
    }

    private StoreUrl ReadStore(string directory)
    {
        string text = StoreUrl ?? new Uri(Path.Combine(directory, "store")).AbsoluteUri;
        return Storage.StoreUrl.TryParse(text, out StoreUrl? url, out StoreUrlProblem? problem)
            ? url!
            : throw new CommandException(
                ExitCode.Usage, $"read the store's URL: {problem!.Message}", "Give one as file:///path; docs/configuration.md has the forms.");
    }

    private static void CheckKeyOutside(string directory, string? path, string option)
    {
        if (path is not null && PathRelation.IsSameOrBelow(PathRelation.Resolve(path), directory))
        {
            throw new CommandException(
                ExitCode.Usage,
                $"make volume {directory}: {option} lies inside it, where a thief of the volume finds it too",
                "Name a file outside the volume.");
        }
    }

    private FileKeyWrapper MakeKey(string path, out KeyReference reference)
    {
        FileKeyWrapper key = KeyFiles.Create(path);
        _madeFiles.Add(path);
        reference = KeyReference.ForFile(path);
        return key;
    }

    private void MakeDirectory(string directory)
    {
        if (System.IO.Directory.Exists(directory))
        {
            return;
        }

        try
        {
            DurableFile.EnsureDirectory(directory);
            _madeDirectory = directory;
        }
        catch (IOException error)
        {
            throw CannotMake(directory, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw CannotMake(directory, error);
        }
    }

    private static CommandException CannotMake(string directory, Exception error) =>
        new(ExitCode.Failed, $"make volume {directory}: {error.Message}", "Give a place where you may write.", error);

    private void Undo()
    {
        foreach (string file in _madeFiles)
        {
            File.Delete(file);
        }

        if (_madeDirectory is not null && System.IO.Directory.Exists(_madeDirectory))
        {
            System.IO.Directory.Delete(_madeDirectory, recursive: true);
        }
    }
}
