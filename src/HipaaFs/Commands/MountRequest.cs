using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary>What a mount command asks for, before anything of it has been looked at.</summary>
internal sealed class MountRequest
{
    /// <summary>Directory of the volume, absolute.</summary>
    public required string Volume { get; init; }

    /// <summary>Where to mount it, absolute.</summary>
    public required string MountPoint { get; init; }

    /// <summary>The values of every <c>-o</c>.</summary>
    public required IReadOnlyList<string> OptionTexts { get; init; }

    /// <summary>KEYREF of <c>--key</c>; null when it is not given.</summary>
    public string? Key { get; init; }

    /// <summary>Reads options and configuration and checks the mount point.</summary>
    /// <exception cref="CommandException">Something is wrong; all problems of one kind are listed together.</exception>
    public MountPlan Plan(CommandContext context)
    {
        var problems = new List<string>();
        MountOptions options = MountOptionsReader.Read(OptionTexts, problems);
        if (problems.Count > 0)
        {
            throw new CommandException(
                ExitCode.Usage,
                problems.Count == 1 ? problems[0] : $"the mount options have {problems.Count} mistakes",
                "docs/configuration.md lists the options.")
            {
                Problems = problems.Count == 1 ? [] : problems,
            };
        }

        var configuration = VolumeConfiguration.Load(Volume, options.Settings, context.Environment);
        string path = Mounting.MountPoint.Check(MountPoint, configuration, options, MountTable.Read());
        string? key = Key ?? (options.Settings.TryGetValue(VolumeSettings.Key.Key, out string? named) ? named : null);
        return new MountPlan(configuration, options, path, VolumeKeys.Resolve(configuration, key));
    }

    /// <summary>The arguments with which the daemon does the same; it runs in another directory, so all paths are absolute.</summary>
    public IReadOnlyList<string> DaemonArguments(MountPlan plan, bool withKey)
    {
        var arguments = new List<string> { "mount" };
        foreach (string text in OptionTexts)
        {
            arguments.Add("-o");
            arguments.Add(text);
        }

        if (withKey)
        {
            arguments.Add("--key");
            arguments.Add(plan.Key.ToString());
        }

        arguments.Add(Volume);
        arguments.Add(MountPoint);
        return arguments;
    }
}
