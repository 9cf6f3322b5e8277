using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs key</c>: shows, adds and removes the keys that open a volume.</summary>
internal static class KeyCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("key", "Shows, adds and removes the keys that open a volume.")
    {
        CreateList(runner),
        CreateAddWrap(runner),
        CreateRemoveWrap(runner),
    };

    private static Command CreateList(CommandRunner runner)
    {
        Argument<string> volume = VolumeArgument();
        var command = new Command("list", "Shows which keys open a volume; needs none of them.") { volume };
        runner.Handle(command, (parsed, output, _) =>
        {
            VolumeConfiguration configuration = Load(parsed.GetRequiredValue(volume), runner.Context);
            IReadOnlyList<KeyWrapLine> wraps = [.. KeyAdministration.ListWraps(configuration.Directory).Select(ToLine)];
            output.Result(wraps, JsonOutput.Default.IReadOnlyListKeyWrapLine, text => Describe(wraps, text));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command CreateAddWrap(CommandRunner runner)
    {
        Argument<string> volume = VolumeArgument();
        Option<string?> key = KeyOption();
        var added = new Option<string>("--new-key")
        {
            Description = "The key to add. A key file that does not exist is made.",
            HelpName = "KEYREF",
            Required = true,
        };
        var label = new Option<string?>("--label") { Description = "What the key is called in lists. Default: its kind and this machine's name." };
        var command = new Command("add-wrap", "Lets one more key open a volume; no data is touched.") { volume, key, added, label };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            VolumeConfiguration configuration = Load(parsed.GetRequiredValue(volume), runner.Context);
            KeyReference addedReference = VolumeKeys.Absolute(KeyAccess.Parse(parsed.GetRequiredValue(added)), Environment.CurrentDirectory);
            IKeyWrapper existing = KeyAccess.Open(VolumeKeys.Resolve(configuration, parsed.GetValue(key)), runner.Context);
            using var existingLifetime = existing as IDisposable;
            bool make = addedReference is { Kind: KeyReferenceKind.File, Path: { } path } && !File.Exists(path);
            IKeyWrapper another = make ? KeyFiles.Create(addedReference.Path!) : KeyAccess.OpenNew(addedReference, runner.Context);
            using var anotherLifetime = another as IDisposable;
            string name = parsed.GetValue(label) ?? $"{another.Kind} added on {Environment.MachineName}";
            KeyWrapLine line = ToLine(await HeldVolume.ExplainAsync(
                configuration,
                runner.Context,
                () => KeyAdministration.AddWrapAsync(VolumeOptionsMapping.ToOptions(configuration), existing, another, name, cancel),
                cancel));
            output.Result(line, JsonOutput.Default.KeyWrapLine, text =>
                text.WriteLine($"{addedReference} opens the volume now; it is wrap {line.Id}.{(make ? " The key file is new: keep it safe." : "")}"));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateRemoveWrap(CommandRunner runner)
    {
        Argument<string> volume = VolumeArgument();
        var wrap = new Argument<string>("WRAP") { Description = "Id of the wrap, as 'key list' shows it." };
        Option<string?> key = KeyOption();
        var command = new Command("remove-wrap", "Stops a key from opening a volume; the last one stays.") { volume, wrap, key };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            VolumeConfiguration configuration = Load(parsed.GetRequiredValue(volume), runner.Context);
            if (!WrapId.TryParse(parsed.GetRequiredValue(wrap), out WrapId id))
            {
                throw new CommandException(
                    ExitCode.Usage, $"remove a wrap: '{parsed.GetRequiredValue(wrap)}' is no id", "'hipaafs key list VOLUME' shows the ids.");
            }

            IKeyWrapper existing = KeyAccess.Open(VolumeKeys.Resolve(configuration, parsed.GetValue(key)), runner.Context);
            using var lifetime = existing as IDisposable;
            KeyWrapLine line = ToLine(await HeldVolume.ExplainAsync(
                configuration,
                runner.Context,
                () => KeyAdministration.RemoveWrapAsync(VolumeOptionsMapping.ToOptions(configuration), existing, id, cancel),
                cancel));
            output.Result(line, JsonOutput.Default.KeyWrapLine, text =>
            {
                text.WriteLine($"Wrap {line.Id} ({line.Label}) is gone from the key ring.");
                text.WriteLine("Older generations of the ring in the store, and copies elsewhere, still hold it until they are deleted.");
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> VolumeArgument() => new("VOLUME") { Description = "Directory of the volume." };

    private static Option<string?> KeyOption() =>
        new("--key") { Description = "A key that opens the volume, instead of the one volume.yaml names.", HelpName = "KEYREF" };

    private static VolumeConfiguration Load(string directory, CommandContext context) =>
        VolumeConfiguration.Load(directory, new Dictionary<string, string>(), context.Environment);

    private static KeyWrapLine ToLine(KeyRingWrap wrap) => new(wrap.Id.ToString(), wrap.Kind, wrap.Label, wrap.Created);

    private static void Describe(IReadOnlyList<KeyWrapLine> wraps, TextWriter text)
    {
        foreach (KeyWrapLine wrap in wraps)
        {
            text.WriteLine($"{wrap.Id}  {wrap.Kind,-10}  {wrap.CreatedAt:yyyy-MM-dd HH:mm}  {wrap.Label}");
        }
    }
}
