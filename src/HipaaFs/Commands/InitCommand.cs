using System.CommandLine;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs init</c>: makes a volume.</summary>
internal static class InitCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Directory of the new volume; made if missing, else it must be empty." };
        var store = new Option<string?>("--store") { Description = "Where the objects go, as a URL. Default: file://VOLUME/store.", HelpName = "URL" };
        var key = new Option<string?>("--key")
        {
            Description = "A key that is there: file:PATH, passphrase:, passphrase:file:PATH or passphrase:fd:N. "
                + "Default: a new key file below ~/.config/hipaafs/keys.",
            HelpName = "KEYREF",
        };
        var newKey = new Option<string?>("--new-key") { Description = "Makes the key in this new file.", HelpName = "FILE" };
        var recovery = new Option<string?>("--recovery-key") { Description = "Makes a second key in a new file, to be kept elsewhere.", HelpName = "FILE" };
        var noRecovery = new Option<bool>("--no-recovery-key") { Description = "No second key: who loses the one key loses the volume." };
        var command = new Command("init", "Makes a volume.") { volume, store, key, newKey, recovery, noRecovery };
        command.Validators.Add(result =>
        {
            if (result.GetValue(key) is not null && result.GetValue(newKey) is not null)
            {
                result.AddError("--key and --new-key exclude each other: the one names a key that is there, the other makes one");
            }

            bool file = result.GetValue(recovery) is not null;
            if (file == result.GetValue(noRecovery))
            {
                result.AddError(file
                    ? "--recovery-key and --no-recovery-key exclude each other"
                    : "say --recovery-key FILE (recommended: whoever loses the only key loses the volume) or --no-recovery-key");
            }
        });
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            var creation = new VolumeInitialization(runner.Context)
            {
                Directory = parsed.GetRequiredValue(volume),
                StoreUrl = parsed.GetValue(store),
                Key = parsed.GetValue(key),
                NewKeyFile = parsed.GetValue(newKey),
                RecoveryKeyFile = parsed.GetValue(recovery),
            };
            InitResult made = await creation.RunAsync(cancel);
            output.Result(made, JsonOutput.Default.InitResult, text => Describe(made, text));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Describe(InitResult made, TextWriter text)
    {
        text.WriteLine($"Volume {made.VolumeId} is ready.");
        text.WriteLine($"  data      {made.Volume}");
        text.WriteLine($"  store     {made.Store}");
        text.WriteLine($"  key       {made.Key}");
        text.WriteLine($"  recovery  {made.RecoveryKey ?? "none: without the key the data is gone for good"}");
        text.WriteLine();
        if (made.KeyCreated)
        {
            text.WriteLine("Keep a copy of the key in a safe place: nobody can open the volume without it.");
        }

        if (made.RecoveryKey is not null)
        {
            text.WriteLine($"Move {made.RecoveryKey} to another place than this machine.");
        }

        text.WriteLine($"Mount it:  hipaafs mount {made.Volume} MOUNTPOINT");
    }
}
